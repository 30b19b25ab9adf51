import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { COMMANDS } from '../../lib/cli/command-line.js';
import type { Flags } from '../../lib/cli/command.js';
import { CONNECTION_FLAGS } from '../../lib/cli/connection-flags.js';
import { OUTPUT_FLAGS } from '../../lib/cli/help.js';

const page = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8');

/** The part of the page under a heading. */
function section(heading: string): string {
  return page.split(new RegExp(`^#+ ${heading}$`, 'm'))[1].split(/^#+ /m)[0];
}

/** The cells of the rows that tell of flags. */
function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `-'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

function told(flags: Flags): string[][] {
  return Object.entries(flags).map(([name, { short, value, text, without }]) => [
    `\`${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}\``,
    text,
    without ?? '',
  ]);
}

describe('the page of the command line', () => {
  it.each(COMMANDS)('has $name and its flags, as the help has them', ({ name, flags }) => {
    expect(rows(section(name))).toEqual(told(flags));
  });

  it.each([
    ['Which servers, and how they are reached', CONNECTION_FLAGS],
    ['Output', OUTPUT_FLAGS],
  ])('has the flags of all commands: %s', (heading, flags) => {
    expect(rows(section(heading))).toEqual(told(flags));
  });

  it('has every command, and none that is not there', () => {
    const named = [...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    expect(named).toEqual(COMMANDS.map(({ name }) => name));
  });
});
