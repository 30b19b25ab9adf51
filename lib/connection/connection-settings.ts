import type { NameLookups } from './name-lookups.js';
import type { Agreement } from './negotiation.js';
import type { ResolvedClientOptions } from '../options/client-options.js';

/** The client's options that concern a single connection. */
export type ConnectionSettings = Pick<
  ResolvedClientOptions,
  | 'protocol'
  | 'commandTimeout'
  | 'connectTimeout'
  | 'keepAlive'
  | 'maxInFlight'
  | 'maxQueuedBytes'
  | 'maxValueBytes'
> & {
  /** Looks up the server's name; the system does without it. */
  readonly lookups?: NameLookups;
  /** What is known to hold, so that nothing is asked. */
  readonly agreed?: Agreement;
};

/** With so many bytes not yet taken by the kernel, further requests wait as objects instead of bytes. */
export const HIGH_WATER_BYTES = 1024 * 1024;

/** How long statistics may follow the answer that came before them in one write. */
export const STATS_MS = 150;
