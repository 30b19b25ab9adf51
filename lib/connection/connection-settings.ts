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
