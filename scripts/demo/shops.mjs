import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('shop-process.mjs', import.meta.url));

/** How long a process may take to close before it is killed. */
const CLOSE_LIMIT_MS = 10_000;

/**
 * Starts one process of the shop.
 *
 * @param {object} options
 * @param {string} options.name
 * @param {number} options.port 0 takes a free one.
 * @param {Record<string, string>} options.env
 * @param {(order: { address?: string, turn?: string }) => Promise<object>} options.control does what the page asks of the
 *   demo, and tells how things are then.
 * @returns {Promise<{ name: string, url: string, close(): Promise<boolean> }>} `close` tells whether the process came to
 *   its end by itself, so left no timer and no socket open.
 */
export async function startShop({ name, port, env, control }) {
  const child = fork(PROGRAM, { env: { ...process.env, ...env, SHOP_NAME: name, PORT: String(port) } });
  const ended = once(child, 'exit');
  const [{ url, problem }] = await Promise.race([
    once(child, 'message'),
    ended.then(([code, signal]) => [{ problem: `${name} ended with ${signal ?? `status ${code}`}` }]),
  ]);
  if (problem !== undefined) {
    child.kill();
    throw new Error(problem);
  }
  child.on('message', ({ ask, order }) => {
    void control(order).then((state) => child.connected && child.send({ answer: ask, state }));
  });
  const close = async () => {
    if (child.connected) child.disconnect();
    const limit = setTimeout(() => child.kill('SIGKILL'), CLOSE_LIMIT_MS);
    const [code] = await ended;
    clearTimeout(limit);
    return code === 0;
  };
  return { name, url, close };
}
