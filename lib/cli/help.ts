import type { Command, Flag, Flags } from './command.js';
import { CONNECTION_FLAGS } from './connection-flags.js';
import type { Terminal } from './terminal.js';

const PROGRAM = 'nestjs-memcached';

/** What every command takes beside what leads to the servers. */
export const OUTPUT_FLAGS: Flags = {
  json: { type: 'boolean', short: 'j', text: 'a line of JSON for each row' },
  help: { type: 'boolean', short: 'h', text: 'this help' },
};

const EXIT_CODES: ReadonlyArray<readonly [string, string]> = [
  ['0', 'every server that was asked has answered'],
  ['1', 'one of them has not; what the others said is shown all the same'],
  ['2', 'the command line is wrong, and nobody was asked'],
];

/** The help of the program: its commands, and what holds for all of them. */
export function programHelp(commands: readonly Command[], terminal: Terminal): string {
  const bold = (text: string): string => terminal.style('bold', text);
  const page = new Page(terminal.columns);
  page.text(`${bold(PROGRAM)}: look into memcached servers, one or a weighted cluster.`);
  page.gap();
  page.text(`Usage: ${PROGRAM} COMMAND [FLAGS]`);
  page.heading(bold('Commands'));
  page.pairs(commands.map(({ name, operands, summary }) => [`${name} ${operands}`.trimEnd(), summary]));
  page.heading(bold('Which servers, and how they are reached'));
  page.pairs(flagPairs(CONNECTION_FLAGS));
  page.heading(bold('Output'));
  page.pairs([
    ...flagPairs({
      ...OUTPUT_FLAGS,
      version: { type: 'boolean', short: 'V', text: 'the version of this program' },
    }),
    ['NO_COLOR=1', 'no colours; there are none in a pipe'],
  ]);
  page.heading(bold('Exit codes'));
  page.pairs(EXIT_CODES);
  page.gap();
  page.text(
    `'${PROGRAM} COMMAND --help' tells how to read what a command shows. No command changes anything.`,
  );
  return page.toString();
}

/** The help of one command. */
export function commandHelp(command: Command, terminal: Terminal): string {
  const bold = (text: string): string => terminal.style('bold', text);
  const page = new Page(terminal.columns);
  const { name, operands, summary, help, examples, flags } = command;
  page.text(`${bold(`${PROGRAM} ${name}`)}: ${summary}`);
  page.gap();
  page.text(`Usage: ${[PROGRAM, name, operands, '[FLAGS]'].filter((part) => part !== '').join(' ')}`);
  for (const paragraph of help) {
    page.gap();
    page.text(paragraph);
  }
  page.heading(bold('Examples'));
  for (const [line, purpose] of examples) page.pairs([[`${PROGRAM} ${line}`, purpose]]);
  if (Object.keys(flags).length > 0) {
    page.heading(bold('Flags of this command'));
    page.pairs(flagPairs(flags));
  }
  page.heading(bold('Which servers, and how they are reached'));
  page.pairs(flagPairs(CONNECTION_FLAGS));
  page.heading(bold('Output'));
  page.pairs(flagPairs(OUTPUT_FLAGS));
  page.heading(bold('Exit codes'));
  page.pairs(EXIT_CODES);
  return page.toString();
}

function flagPairs(flags: Flags): [string, string][] {
  return Object.entries(flags).map(([name, flag]) => [flagText(name, flag), meaningOf(flag)]);
}

function flagText(name: string, { short, value }: Flag): string {
  const long = `--${name}${value === undefined ? '' : ` ${value}`}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

function meaningOf({ text, without }: Flag): string {
  return without === undefined ? text : `${text} [${without}]`;
}

const LEFT = 28;

/** Text that keeps within the width of the terminal, and below a width that reads well. */
class Page {
  readonly #lines: string[] = [];
  readonly #width: number;

  constructor(columns: number) {
    this.#width = Math.max(60, Math.min(columns, 100));
  }

  gap(): void {
    this.#lines.push('');
  }

  text(text: string): void {
    this.#lines.push(...wrapped(text, this.#width));
  }

  heading(text: string): void {
    this.#lines.push('', text);
  }

  /** What is written, and what it means, beside or below it. */
  pairs(pairs: ReadonlyArray<readonly [string, string]>): void {
    for (const [left, right] of pairs) {
      const [first, ...rest] = wrapped(right, this.#width - LEFT);
      const start = `  ${left}`;
      const indent = ' '.repeat(LEFT);
      if (start.length < LEFT - 1) this.#lines.push(start.padEnd(LEFT) + first);
      else this.#lines.push(start, indent + first);
      this.#lines.push(...rest.map((line) => indent + line));
    }
  }

  toString(): string {
    return this.#lines.join('\n');
  }
}

function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
