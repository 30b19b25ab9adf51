import { describe, it } from '@jest/globals';
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const PEER = fileURLToPath(new URL('./peer.py', import.meta.url));

/** Debian's packages serve Debian's own Python, whatever stands first on PATH. */
const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/**
 * A `describe` for tests that need a Python with python-memcached: `PYTHON`, or Debian's own.
 *
 * Without one they are named as skipped; with `REQUIRE_MEMCACHED=1` the suite fails instead.
 */
export function describePython(name: string, tests: () => void): void {
  if (spawnSync(PYTHON, ['-c', 'import memcache']).status === 0) {
    describe(name, tests);
  } else if (process.env.REQUIRE_MEMCACHED === '1') {
    describe(name, () => {
      it('has a python-memcached to talk to', () => {
        throw new Error(`REQUIRE_MEMCACHED is set and ${PYTHON} has no module memcache`);
      });
    });
  } else {
    describe.skip(`${name} (skipped: ${PYTHON} has no module memcache)`, tests);
  }
}

/** A python-memcached client in a process of its own; its methods go by their Python names. */
export class PythonClient implements AsyncDisposable {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  /** @param servers `host:port` and weight of each, in the order of the bucket list. */
  constructor(servers: ReadonlyArray<readonly [server: string, weight: number]>) {
    this.#process = spawn(PYTHON, [PEER, JSON.stringify(servers)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Calls a method of `memcache.Client`, or `server_of(key)`, or `type_of(key)`, the Python type of a stored value. */
  async call(name: string, ...args: Json[]): Promise<Json> {
    return this.#request({ call: name, args });
  }

  /** The same for a method with named arguments. */
  async callWith(kwargs: Record<string, Json>, name: string, ...args: Json[]): Promise<Json> {
    return this.#request({ call: name, args, kwargs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.stdin.end();
    await gone;
  }

  async #request(request: Json): Promise<Json> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error('the Python process has ended');
    const answer = JSON.parse(line.value) as { result?: Json; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result ?? null;
  }
}
