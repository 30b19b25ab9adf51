import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Root of the repository: where commands run unless told otherwise. */
export const ROOT = fileURLToPath(new URL('../', import.meta.url));

const MINUTE_MS = 60_000;

/** Process groups of the commands that are running now, so that an interrupted script leaves none behind. */
const running = new Set();

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.once(signal, () => {
    for (const pid of running) killGroup(pid);
    process.exit(code);
  });
}

/** A command that did not end with 0; `output` is all that it wrote. */
export class CommandError extends Error {
  constructor(message, output) {
    super(message);
    this.output = output;
  }
}

/**
 * Runs a command without standard input and waits for its end.
 *
 * @param {string} command name on PATH or path.
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd] @default the root of the repository
 * @param {Record<string, string>} [options.env] beside the environment of this process.
 * @param {boolean} [options.live] pass the output on as it comes, for commands that take long. @default false
 * @param {number} [options.limitMinutes] the command and its children are killed after this time. @default 10
 * @returns {Promise<string>} standard output and standard error, in the order in which they came.
 * @throws {CommandError} when it cannot start, does not end with 0, or not in time.
 */
export function run(command, args, { cwd = ROOT, env = {}, live = false, limitMinutes = 10 } = {}) {
  const line = [command, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    const fail = (problem) => reject(new CommandError(`${line}: ${problem}`, live ? '' : output));
    child.once('error', (error) =>
      fail(error.code === 'ENOENT' ? 'there is no such command' : error.message),
    );
    if (child.pid === undefined) return;

    running.add(child.pid);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        if (live) process.stdout.write(text);
      });
    }
    const limit = setTimeout(() => {
      killGroup(child.pid);
      fail(`was still running after ${limitMinutes} minutes`);
    }, limitMinutes * MINUTE_MS);
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      running.delete(child.pid);
      if (code === 0) resolve(output);
      else fail(code === null ? `was ended by ${signal}` : `ended with status ${code}`);
    });
  });
}

/** @returns {Promise<boolean>} whether the command can be run and ends with 0. */
export function succeeds(command, args) {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
