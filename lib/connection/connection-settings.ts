import type { NameLookups } from './name-lookups.js';
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
};

/** With so many bytes not yet taken by the kernel, further requests wait as objects instead of bytes. */
export const HIGH_WATER_BYTES = 1024 * 1024;

/**
 * Most commands on their way in the classic dialect: a proxy gives up on those that have waited in its own queue for longer
 * than its time-out, so the rest wait here.
 */
export const CLASSIC_WINDOW = 256;

/** How long statistics may follow the answer that came before them in one write. */
export const STATS_MS = 150;
