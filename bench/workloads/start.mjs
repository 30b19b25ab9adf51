import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CHILD = fileURLToPath(new URL('../start/child.mjs', import.meta.url));
const APP = fileURLToPath(new URL('../nest/app-process.mjs', import.meta.url));
const PACKAGE = new URL('../../package/dist/', import.meta.url);

/** Measures a start in a fresh process; ours is the package as it is published, unless it is another build. */
export function measureStart(
  { what, ...params },
  servers,
  { client, from = new URL('index.js', PACKAGE).href },
) {
  if (what === 'first answer') return firstAnswer(params.app, servers, from);
  const modules = params.modules?.map((module) =>
    module.startsWith('ours:') ? new URL(module.slice(5), from).href : module,
  );
  // Whoever holds a client alone has loaded it alone.
  const loaded = what === 'idle' ? new URL('client.js', from).href : from;
  return figuresOf({ what, ...params, modules, servers, client, from: loaded });
}

async function figuresOf(order) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    CHILD,
    JSON.stringify(order),
  ]);
  return JSON.parse(stdout);
}

/** From the start of the process to the first answer of its route. */
async function firstAnswer(app, servers, from) {
  const startedAt = performance.now();
  const child = fork(APP, [JSON.stringify({ app, servers, from })]);
  try {
    const [{ port }] = await once(child, 'message');
    const response = await fetch(`http://127.0.0.1:${port}/products/7`);
    await response.text();
    if (!response.ok) throw new Error(`the route answered ${response.status}`);
    return { ms: performance.now() - startedAt };
  } finally {
    child.kill('SIGKILL');
  }
}
