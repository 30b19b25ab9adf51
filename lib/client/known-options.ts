import { InvalidArgumentError } from '../errors.js';
import { wrongAsObject } from '../options/schema.js';
import type { RequestKind } from '../protocol/request.js';

/** Whatever takes options, by what messages of its requests call it. */
export type Command =
  | Exclude<RequestKind, 'line' | 'mark-stale'>
  | 'set-many'
  | 'delete-many'
  | 'invalidate-key'
  | 'stats'
  | 'version'
  | 'flush_all'
  | 'keys'
  | 'server-for';

const ALWAYS = ['signal', 'timeout'] as const;
const READ: readonly string[] = ['codec', ...ALWAYS];
const STORE: readonly string[] = ['ttl', 'codec', ...ALWAYS];
const COUNTER: readonly string[] = ['initial', 'ttl', ...ALWAYS];

/** The options of each command, as messages list them. */
const KNOWN: Readonly<Record<Command, readonly string[]>> = {
  get: READ,
  gets: READ,
  'get-many': READ,
  'gets-many': READ,
  'get-and-touch': READ,
  lookup: READ,
  'lease-get': ['leaseSeconds', 'recacheSeconds', 'withoutValue', ...READ],
  set: STORE,
  add: STORE,
  replace: STORE,
  cas: STORE,
  'set-many': STORE,
  append: ALWAYS,
  prepend: ALWAYS,
  touch: ALWAYS,
  renew: ALWAYS,
  metadebug: ALWAYS,
  'delete-many': ALWAYS,
  stats: ALWAYS,
  version: ALWAYS,
  delete: ['cas', ...ALWAYS],
  'invalidate-key': ['stale', 'cas', ...ALWAYS],
  incr: COUNTER,
  decr: COUNTER,
  count: ['by', ...COUNTER],
  flush_all: ['delay', ...ALWAYS],
  keys: ['limit', 'server', ...ALWAYS],
  'server-for': ['down'],
};

/**
 * Refuses what is no object of options, and names that the command does not know: either would otherwise be ignored. An
 * option that is undefined counts as not given.
 *
 * @throws {InvalidArgumentError}
 */
export function checkOptions(command: Command, options: object): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const wrong = wrongAsObject(options, inPlaceOf(command, options))!;
    throw new InvalidArgumentError(`${methodOf(command)}: ${wrong}`);
  }
  const known = KNOWN[command];
  // A loop over names that makes no list of them: this is on the way of every command with options.
  for (const name in options) {
    if (known.includes(name)) continue;
    if ((options as Record<string, unknown>)[name] === undefined || isOurs(name)) continue;
    if (!Object.hasOwn(options, name)) continue;
    throw new InvalidArgumentError(
      `${methodOf(command)}.${name}: unknown option; known are ${known.join(', ')}`,
    );
  }
}

/** The servers that `serverFor` is to take for out. @throws {InvalidArgumentError} */
export function downIn(options: { down?: readonly string[] }): readonly string[] | undefined {
  checkOptions('server-for', options);
  const { down } = options;
  if (down === undefined || Array.isArray(down)) return down;
  throw new InvalidArgumentError("serverFor: down: expected an array of servers, such as ['host:port']");
}

/** Whether only this package's own calls bring it. */
function isOurs(name: string): boolean {
  return name === 'strict' || name === 'ttlInClassic';
}

/** How it is written what a bare number or text most likely means, where the command has such an option. */
function inPlaceOf(command: Command, given: unknown): string | undefined {
  const known = KNOWN[command];
  const isNumber = typeof given === 'number';
  if (!isNumber && typeof given !== 'string') return undefined;
  const amount = isNumber ? ['limit', 'by', 'leaseSeconds'].find((name) => known.includes(name)) : undefined;
  if (amount !== undefined) return `{ ${amount}: ${given as number} }`;
  const time = ['delay', 'ttl'].find((name) => known.includes(name));
  return time === undefined ? undefined : `{ ${time}: '${given}${isNumber ? 's' : ''}' }`;
}

/** The client's method of that command. */
function methodOf(command: Command): string {
  if (command === 'renew') return 'renewLease';
  return command.replaceAll(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());
}
