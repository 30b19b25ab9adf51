import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('child-main.mjs', import.meta.url));

/** The children that are running now; none is left behind, however the script ends. */
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts a process of its own that does what a module has for it.
 *
 * @param {URL} module exports `operations(lib)`: functions by name, each of one argument that can be sent as JSON.
 * @param {string} dist the build of the library that is handed to them.
 * @param {{ execArgv?: string[], patch?: object, quiet?: boolean }} [how] `patch` changes lines of the build; see `patch.hooks.mjs`. `quiet`: what it
 *   writes is thrown away.
 */
export async function startChild(module, dist, { execArgv = [], patch, quiet = false } = {}) {
  const child = fork(MAIN, [module.href, dist, JSON.stringify(patch ?? null)], {
    execArgv,
    stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'pipe', 'ipc'],
  });
  running.add(child);
  const calls = new Map();
  let complaint = '';
  let count = 0;
  let isOver = false;
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaint = (complaint + text).slice(-2000);
  });
  const exited = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      isOver = true;
      for (const { reject } of calls.values())
        reject(new Error(`the process was ended by ${signal ?? `status ${code}`}: ${complaint.trim()}`));
      resolve({ code, signal });
    });
  });
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = calls.get(id);
    calls.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  });
  const call = (operation, args = {}) => {
    count += 1;
    const id = count;
    return new Promise((resolve, reject) => {
      calls.set(id, { resolve, reject });
      child.send({ id, operation, args }, () => {
        // What cannot be sent is rejected with the end of the process; after that nothing comes any more.
        if (isOver) reject(new Error('the process was ended before'));
      });
    });
  };
  await call('ready');
  return {
    call,
    exited,
    get isOver() {
      return isOver;
    },
    pid: child.pid,
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
