import type { MemcachedError } from '../errors.js';

/** A server that failed its part of a command over many keys or servers. */
export interface PartFailure {
  /** The server, `host:port`. */
  readonly server: string;
  /** The keys that were its part; empty for commands without keys. */
  readonly keys: readonly string[];
  readonly error: MemcachedError;
}

/** What a command over many keys or servers got, and which part of it failed; one server's failure costs its part alone. */
export class ManyResult<Value> extends Map<string, Value> {
  /** The parts that failed; empty when all went well. */
  readonly failures: PartFailure[] = [];
}
