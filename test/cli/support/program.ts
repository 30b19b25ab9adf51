import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { compileLib } from '../../cache/processes/compiled-lib.js';

/** The program as a process of its own. */
export interface Program {
  /** Where its main file lies. */
  readonly path: string;
  /** Runs it to its end. @param env beside the environment of the tests, in which nothing speaks of memcached. */
  run(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Starts it, for what it says as it runs. */
  start(words: readonly string[], env?: Readonly<Record<string, string>>): Running;
  remove(): void;
}

/** What came of it. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The lines of JSON that a program has written. */
export function rowsOf({ out }: Ended): any[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** A program that has not ended. */
export interface Running {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly lines: Interface;
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
}

/** Compiles the program, as the package brings it. */
export function compileProgram(): Program {
  const lib = compileLib();
  const path = join(lib.dir, 'cli/main.js');
  const start = (
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): ChildProcessByStdio<null, Readable, Readable> => {
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^MEMCACHED_|^(NO|FORCE)_COLOR$/.test(name)),
    );
    return spawn(process.execPath, [path, ...words], {
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  return {
    path,
    async run(words, env) {
      const child = start(words, env);
      const [out, err, [code]] = await Promise.all([
        textOf(child.stdout),
        textOf(child.stderr),
        once(child, 'close') as Promise<[number | null]>,
      ]);
      return { code, out, err };
    },
    start(words, env) {
      const child = start(words, env);
      const ended = once(child, 'close').then(([code]) => code as number | null);
      return { process: child, lines: createInterface(child.stdout), ended };
    },
    remove: () => lib.remove(),
  };
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const part of stream.setEncoding('utf8')) text += part;
  return text;
}
