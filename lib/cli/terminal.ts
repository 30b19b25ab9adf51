import { once } from 'node:events';
import { styleText } from 'node:util';

/** Where the program writes to: a terminal, a pipe or a file. */
export class Terminal {
  /** Whether somebody looks at it as it is written, so that lines can be written over. */
  readonly isLive: boolean;
  readonly #colours: boolean;
  readonly #out: NodeJS.WriteStream;
  readonly #err: NodeJS.WriteStream;
  /** Where what the user types comes from. */
  readonly keyboard: NodeJS.ReadStream;

  constructor(streams: Streams, env: NodeJS.ProcessEnv) {
    this.#out = streams.stdout;
    this.#err = streams.stderr;
    this.keyboard = streams.stdin;
    this.isLive = streams.stdout.isTTY === true;
    this.#colours = wantsColours(env, this.isLive && env.TERM !== 'dumb');
  }

  get columns(): number {
    return this.#out.columns ?? 80;
  }

  get rows(): number {
    return this.#out.rows ?? 24;
  }

  /** Writes a text as it is, and waits until there is room for more. */
  async write(text: string): Promise<void> {
    if (!this.#out.write(text)) await once(this.#out, 'drain');
  }

  /** Writes one line. */
  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  /** Writes one row for programs. */
  json(row: object): Promise<void> {
    return this.line(JSON.stringify(row));
  }

  /** Says what is not part of the answer. */
  note(text: string): void {
    this.#err.write(`${text}\n`);
  }

  /** A text in a style, where colours are wanted. */
  style(style: Parameters<typeof styleText>[0], text: string): string {
    return this.#colours ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** Where the program reads and writes. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** @see https://no-color.org and Node's own `FORCE_COLOR` */
function wantsColours(env: NodeJS.ProcessEnv, byDefault: boolean): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return byDefault;
}
