import { InvalidArgumentError, MemcachedError } from '../errors.js';
import { checkedKeys, readEntries, type Entries } from '../options/entries.js';
import type { CommandOptions, StoreOptions } from './command-options.js';
import type { Dispatcher } from './dispatcher.js';
import { checkOptions } from './known-options.js';
import { ManyResult } from './many-result.js';
import type { RequestMaker } from './request-maker.js';

/** Most commands of one call that wait for their replies at a time; each has its deadline from when its turn comes. */
const WINDOW = 1024;

/** The commands for a single key. */
interface SingleCommands {
  set(key: string, value: unknown, options?: StoreOptions): Promise<boolean>;
  delete(key: string, options?: CommandOptions): Promise<boolean>;
  serverFor(key: string): string;
}

export async function setMany(
  entries: object,
  options: StoreOptions | undefined,
  commands: SingleCommands,
  requests: RequestMaker,
  dispatcher: Dispatcher,
): Promise<ManyResult<boolean>> {
  const pairs = readEntries(entries as Entries, 'setMany');
  if (options !== undefined) checkOptions('set-many', options);
  if (options?.ttl !== undefined) requests.exptime(options.ttl);
  for (const key of pairs.keys()) requests.checkKey(key);
  const limits = await dispatcher.ready('set-many', options);
  return each([...pairs.keys()], (key) => commands.set(key, pairs.get(key), limits), commands);
}

export async function deleteMany(
  keys: Iterable<string>,
  options: CommandOptions | undefined,
  commands: SingleCommands,
  requests: RequestMaker,
  dispatcher: Dispatcher,
): Promise<ManyResult<boolean>> {
  const unique = [...new Set(checkedKeys(keys, 'deleteMany'))];
  for (const key of unique) requests.checkKey(key);
  const limits = await dispatcher.ready('delete-many', options);
  return each(unique, (key) => commands.delete(key, limits), commands);
}

/** Runs one command per key, every key having been checked. */
async function each(
  keys: readonly string[],
  run: (key: string) => Promise<boolean>,
  commands: SingleCommands,
): Promise<ManyResult<boolean>> {
  const result = new ManyResult<boolean>();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < keys.length) {
      const key = keys[next];
      next += 1;
      try {
        result.set(key, await run(key));
      } catch (error) {
        if (!(error instanceof MemcachedError) || error instanceof InvalidArgumentError) throw error;
        result.failures.push({ server: commands.serverFor(key), keys: [key], error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(WINDOW, keys.length) }, worker));
  return result;
}
