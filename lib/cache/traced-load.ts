/** One call of a loader, as those who trace it see it. */
export interface TracedLoad extends TracedKeys {
  /** Whether nobody waits for it: it replaces a value behind the responses. */
  readonly refresh: boolean;
  /** Whether there is a stale value that it replaces. */
  readonly stale: boolean;
}

/** The keys that something is about, at least one unless many were asked for. */
export interface TracedKeys {
  readonly keys: readonly string[];
}
