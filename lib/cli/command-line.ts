import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { MemcachedClient } from '../client/client.js';
import { InvalidArgumentError, InvalidOptionsError, MemcachedError } from '../errors.js';
import { nearest } from '../options/schema.js';
import { type Command, type Flags, type FlagValues, UsageError } from './command.js';
import { keys } from './commands/keys.js';
import { ping } from './commands/ping.js';
import { ring } from './commands/ring.js';
import { stats } from './commands/stats.js';
import { top } from './commands/top.js';
import { watch } from './commands/watch.js';
import { which } from './commands/which.js';
import { clientOptions, CONNECTION_FLAGS } from './connection-flags.js';
import { commandHelp, OUTPUT_FLAGS, programHelp } from './help.js';
import type { Terminal } from './terminal.js';
import { printable } from './table.js';

/** In the order in which the help lists them. */
export const COMMANDS: readonly Command[] = [stats, top, which, ring, keys, ping, watch];

const COMMON_FLAGS: Flags = {
  ...CONNECTION_FLAGS,
  ...OUTPUT_FLAGS,
  version: { type: 'boolean', short: 'V', text: 'the version of this program' },
};

/**
 * Runs the program.
 *
 * @param words what follows its name on the command line.
 * @param ended aborted when the user has had enough.
 * @returns the exit code: 0, 1 when a server could not be asked, 2 for a wrong command line.
 */
export async function runCommandLine(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
  ended: AbortSignal,
): Promise<number> {
  try {
    return await run(words, env, terminal, ended);
  } catch (error) {
    if (ended.aborted) return 130;
    if (!(error instanceof Error)) throw error;
    if (isUsageError(error)) {
      terminal.note(`${terminal.style('red', 'error')}: ${printable(error.message)}`);
      return 2;
    }
    if (!(error instanceof MemcachedError)) throw error;
    terminal.note(`${terminal.style('red', 'error')}: ${printable(error.message)}`);
    return 1;
  }
}

async function run(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
  ended: AbortSignal,
): Promise<number> {
  const { name, asksForHelp, asksForVersion } = firstLook(words);
  if (name === undefined) {
    if (asksForVersion) {
      await terminal.line(version());
      return 0;
    }
    const help = programHelp(COMMANDS, terminal);
    if (asksForHelp) await terminal.line(help);
    else terminal.note(help);
    return asksForHelp ? 0 : 2;
  }
  const command = commandOf(name);
  if (asksForHelp) {
    await terminal.line(commandHelp(command, terminal));
    return 0;
  }
  const { flags, operands } = read(words, command);
  const options = clientOptions(flags, env);
  await using client = new MemcachedClient(options);
  return await command.run({
    operands,
    flags,
    client,
    terminal,
    json: flags.json === true,
    ended,
  });
}

/** Finds the command among flags that may stand before it. */
function firstLook(words: readonly string[]): {
  name: string | undefined;
  asksForHelp: boolean;
  asksForVersion: boolean;
} {
  const all = Object.assign({}, COMMON_FLAGS, ...COMMANDS.map(({ flags }) => flags)) as Flags;
  const { values, positionals } = parseArgs({
    args: [...words],
    options: all,
    allowPositionals: true,
    strict: false,
  });
  const [first, second] = positionals;
  const isHelp = first === 'help';
  return {
    name: isHelp ? second : first,
    asksForHelp: isHelp || values.help === true,
    asksForVersion: values.version === true,
  };
}

function commandOf(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name);
  if (command !== undefined) return command;
  const names = COMMANDS.map((each) => each.name);
  const near = nearest(name, names);
  const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean '${near}'?`;
  throw new UsageError(`'${name}' is no command; ${hint}`);
}

function read(words: readonly string[], command: Command): { flags: FlagValues; operands: string[] } {
  const options = { ...COMMON_FLAGS, ...command.flags };
  let parsed: { values: FlagValues; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(problemOf(error as Error, command, Object.keys(options)));
  }
  const operands = parsed.positionals.slice(1);
  const [least, most] = command.arity;
  if (operands.length < least || operands.length > most) {
    const wanted = command.operands === '' ? 'nothing after it' : command.operands;
    throw new UsageError(`${command.name}: expected ${wanted}, got ${operands.length} words`);
  }
  return { flags: parsed.values, operands };
}

/** What `parseArgs` has to say, with the flag that was probably meant. */
function problemOf({ message }: Error, command: Command, known: readonly string[]): string {
  const [, unknown] = /^Unknown option '--?([^']+)'/.exec(message) ?? [];
  if (unknown === undefined) return `${command.name}: ${message.split('\n')[0]}`;
  const near = unknown.length < 2 ? undefined : nearest(unknown, known);
  const hint = near === undefined ? `'${command.name} --help' lists them` : `did you mean '--${near}'?`;
  return `${command.name}: there is no flag '${unknown.length < 2 ? '-' : '--'}${unknown}'; ${hint}`;
}

function isUsageError(error: Error): boolean {
  return (
    error instanceof UsageError ||
    error instanceof InvalidOptionsError ||
    error instanceof InvalidArgumentError
  );
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
