import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../chapters.py', import.meta.url));

/** python-memcached in a process of its own, which runs one chapter at a time. */
export class Python {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  constructor(servers: readonly (readonly [address: string, weight: number])[]) {
    const python = process.env.PYTHON ?? '/usr/bin/python3';
    this.#child = spawn(python, [SCRIPT, JSON.stringify(servers)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @returns what the calls of a chapter answered. */
  async run(chapter: string): Promise<unknown[]> {
    this.#child.stdin.write(`${chapter}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('Python has ended: is python-memcached installed?');
    const { answers, error } = JSON.parse(value) as { answers: unknown[]; error?: string };
    if (error !== undefined) throw new Error(`Python, "${chapter}": ${error}`);
    return answers;
  }

  close(): void {
    this.#child.stdin.end();
  }
}
