import type { MemcachedError } from '../errors.js';

/**
 * What a command over many keys or servers got, and which part of it failed; one server's failure costs its part alone.
 *
 * It is a `Map`; a copy made by `new Map(…)` or `structuredClone` has the entries only. `JSON.stringify` writes both.
 */
export class ManyResult<Value> extends Map<string, Value> {
  /** The parts that failed; empty when all went well. */
  readonly failures: PartFailure[] = [];

  /** Entries and failures, as `JSON.stringify` writes them; errors with what they say. */
  toJSON(): { entries: [string, Value][]; failures: object[] } {
    const failures = this.failures.map(({ server, keys, error }) => {
      const { name, code, message } = error;
      return { server, keys, error: { name, code, message } };
    });
    return { entries: [...this], failures };
  }
}

/** A server that failed its part of a command over many keys or servers. */
export interface PartFailure {
  /** The server, `host:port`. */
  readonly server: string;
  /** The keys that were its part; empty for commands without keys. */
  readonly keys: readonly string[];
  readonly error: MemcachedError;
}
