import type { ItemOptions } from './cache-options.js';
import { resolveUpdate, type ResolvedUpdate, UPDATE } from './cache-policy.js';
import { policyInPlaceOf } from './policy-in-place.js';
import { type Example, readObject, type Shape } from './schema.js';

const { ttl, grace, tags, signal } = UPDATE;

/** What commands on what is there take: those that store, those whose ttl is an argument of its own, and those that read. */
const SHAPES = {
  store: { ttl, grace, tags, signal },
  touch: { grace, tags, signal },
  read: { signal },
} satisfies Record<string, Partial<typeof UPDATE>>;

const EXAMPLES: Readonly<Record<keyof typeof SHAPES, Example>> = {
  store: policyInPlaceOf,
  touch: "{ tags: ['products'] }",
  read: '{ signal }',
};

const OF_UPDATE = resolveUpdate({});

/** Reads the options of a command on what is there. @throws {InvalidOptionsError} with the path of the wrong option. */
export function resolveItem(options: ItemOptions, command: keyof typeof SHAPES): ResolvedUpdate {
  const shape = SHAPES[command] as Shape<ReadItem>;
  const read = readObject(options, 'options', shape, EXAMPLES[command]);
  return {
    ...OF_UPDATE,
    ttlSeconds: read.ttl,
    graceSeconds: read.grace,
    tags: read.tags,
    signal: read.signal,
  };
}

interface ReadItem {
  readonly ttl?: number | undefined;
  readonly grace?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}
