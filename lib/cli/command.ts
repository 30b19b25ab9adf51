import type { MemcachedClient } from '../client/client.js';
import type { Terminal } from './terminal.js';

/** One command of the program: what it is called, which flags it takes, what its help says, and what it does. */
export interface Command {
  readonly name: string;
  /** What follows the name, as its usage shows it; empty for nothing. */
  readonly operands: string;
  /** Least and most operands. */
  readonly arity: readonly [least: number, most: number];
  /** One line for the list of commands. */
  readonly summary: string;
  /** What the command shows and how to read it; a paragraph to a line. */
  readonly help: readonly string[];
  /** Command lines to try, each with what it is good for. */
  readonly examples: ReadonlyArray<readonly [line: string, purpose: string]>;
  readonly flags: Flags;
  /** Runs it. @returns the exit code: 0, or 1 when a server could not be asked. */
  run(call: Invocation): Promise<number>;
}

/** One call of a command. */
export interface Invocation {
  readonly operands: readonly string[];
  readonly flags: FlagValues;
  readonly client: MemcachedClient;
  readonly terminal: Terminal;
  /** Whether rows are to be written as lines of JSON. */
  readonly json: boolean;
  /** Aborted when the user has had enough (Ctrl-C). */
  readonly ended: AbortSignal;
}

/** A flag as the help shows it, and as `parseArgs` of `node:util` takes it. */
export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What stands for its value in the help; of flags that take one. */
  readonly value?: string;
  readonly text: string;
  /** What stands in for it, in words. */
  readonly without?: string;
}

/** Flags by their long names. */
export type Flags = Readonly<Record<string, Flag>>;

/** What was given of the flags. */
export type FlagValues = Readonly<
  Record<string, string | boolean | readonly (string | boolean)[] | undefined>
>;

/** The command line is wrong: nothing was asked. */
export class UsageError extends Error {}

/** The text of a flag that takes one; `undefined` where it is not given. */
export function textOf(flags: FlagValues, name: string): string | undefined {
  return flags[name] as string | undefined;
}

/**
 * A whole number that a flag gives.
 *
 * @throws {UsageError} for anything else.
 */
export function wholeNumber(flags: FlagValues, name: string, least: number, fallback: number): number {
  const given = textOf(flags, name);
  if (given === undefined) return fallback;
  const number = /^\d+$/.test(given) ? Number(given) : NaN;
  if (number >= least && number <= Number.MAX_SAFE_INTEGER) return number;
  throw new UsageError(`--${name}: expected a whole number from ${least}, got '${given}'`);
}
