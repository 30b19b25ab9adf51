import { isAnotherRun } from '../../client/server-runs.js';
import { MemcachedError, type ServerError } from '../../errors.js';
import { FAULT_COUNTERS, type FaultCounter, type NodeSample } from './node-figures.js';

const COUNTER_REASONS: Readonly<Record<FaultCounter, { code: HealthReasonCode; sentence: string }>> = {
  listen_disabled_num: { code: 'connections-refused', sentence: 'stopped accepting connections' },
  rejected_connections: { code: 'connections-refused', sentence: 'refused connections' },
  read_buf_oom: { code: 'buffers-exhausted', sentence: 'ran out of read buffers' },
  response_obj_oom: { code: 'buffers-exhausted', sentence: 'ran out of response objects' },
  store_no_memory: { code: 'memory-exhausted', sentence: 'found no memory to store a value' },
  auth_errors: { code: 'auth-errors', sentence: 'was given a wrong user or password' },
};

/**
 * Judges a server that answered. Counters only count from one look to the next: what happened before the first look is
 * nobody's news.
 *
 * @returns what is wrong; nothing for a server that is well.
 */
export function judgeNode(
  server: string,
  { sample, restarted }: NodeLook,
  before: NodeLook | undefined,
  limits: NodeLimits,
): HealthReason[] {
  const reasons: HealthReason[] = [];
  const find = (code: HealthReasonCode, sentence: string): void => {
    reasons.push({ code, server, message: `${server}: ${sentence}` });
  };
  const { connections, maxConnections, uptimeSeconds } = sample.figures;
  if (sample.accepting === false) find('not-accepting', 'does not accept new connections at present');
  if (connections !== undefined && maxConnections !== undefined && maxConnections > 0) {
    const usable = maxConnections - sample.reservedConnections;
    if (connections > usable * limits.maxConnectionUse) {
      find(
        'connections-nearly-exhausted',
        `${Math.max(0, usable - connections)} of ${maxConnections} connections left`,
      );
    }
  }
  if (before !== undefined && !isAnotherRun(before.sample.run, sample.run)) {
    for (const counter of FAULT_COUNTERS) {
      const increase = (sample.faults[counter] ?? 0) - (before.sample.faults[counter] ?? 0);
      const { code, sentence } = COUNTER_REASONS[counter];
      if (increase > 0) find(code, `${sentence} ${times(increase)} since the last look`);
    }
  }
  if (restarted && uptimeSeconds !== undefined && uptimeSeconds * 1000 < limits.warmUp) {
    find('restarted', `restarted ${uptimeSeconds} s ago, and still cold`);
  }
  if (!sample.hasCas) {
    find(
      'no-cas',
      'keeps no cas tokens, without which no value is stored after a lease; start memcached without -C',
    );
  }
  const drift = clockDrift(sample);
  if (Math.abs(drift) > limits.maxClockDrift) {
    find(
      'clock-drift',
      `its clock is ${Math.round(Math.abs(drift) / 1000)} s ${drift > 0 ? 'ahead' : 'behind'}`,
    );
  }
  return reasons;
}

/** What can be wrong with a server; stable, for alerts to be built upon. */
export type HealthReasonCode =
  /** No connection: nobody listens, the network is away, or the two do not agree on TLS. */
  | 'unreachable'
  /** Connected, but no answer in time: paused, overloaded, or cut off. */
  | 'no-answer'
  /** What answers is no memcached. */
  | 'not-memcached'
  /** It wants another user or password. */
  | 'unauthenticated'
  /** It answered with an error. */
  | 'error'
  /** It does not take new connections at present. */
  | 'not-accepting'
  /** Few connections are left (`-c`). */
  | 'connections-nearly-exhausted'
  /** It has refused connections, ours or others', or stopped accepting them, since the last look. */
  | 'connections-refused'
  /** It has run out of read buffers or response objects since the last look, and dropped connections for it. */
  | 'buffers-exhausted'
  /** It has failed to store for want of memory since the last look. */
  | 'memory-exhausted'
  /** Somebody has failed to authenticate since the last look. */
  | 'auth-errors'
  /** It has been restarted a short while ago, and is still cold. */
  | 'restarted'
  /** Its clock is not ours. */
  | 'clock-drift'
  /** It keeps no cas tokens (`-C`), so that nothing can be stored safely. */
  | 'no-cas'
  /** It is owed more invalidations than are remembered, and others may read old values of it. */
  | 'invalidations-owed';

/** Something that is wrong with a server. */
export interface HealthReason {
  readonly code: HealthReasonCode;
  /** The server, `host:port`. */
  readonly server: string;
  /** One sentence for people, beginning with the server. */
  readonly message: string;
}

/** What one look at a server has seen, kept for the next one. */
export interface NodeLook {
  readonly sample: NodeSample;
  /** Whether the server was found restarted, by this look or an earlier one. */
  readonly restarted: boolean;
}

/** The options that bound what is well. */
export interface NodeLimits {
  readonly maxConnectionUse: number;
  /** Milliseconds. */
  readonly maxClockDrift: number;
  /** Milliseconds. */
  readonly warmUp: number;
}

/** Puts a new sample beside what the last look has seen. */
export function lookAt(sample: NodeSample, before: NodeLook | undefined): NodeLook {
  return {
    sample,
    restarted: before !== undefined && (before.restarted || isAnotherRun(before.sample.run, sample.run)),
  };
}

/** What is wrong with a server that answers and is owed more invalidations than could be remembered. */
export function owedReason(server: string): HealthReason {
  const message =
    `${server}: is owed more invalidations than are remembered (option maxOwedDeletes): other processes may read old values ` +
    'of it until its keys have been looked through, or, where it does not list them, until their ttl';
  return { code: 'invalidations-owed', server, message };
}

/** The reason that a failed command gives: of a server that is out, what put it out. */
export function reasonOf(server: string, error: MemcachedError): HealthReason {
  const root =
    error.code === 'MEMCACHED_CONNECTION' && error.cause instanceof MemcachedError ? error.cause : error;
  const { message } = root;
  return {
    code: codeOf(root),
    server,
    message: message.startsWith(server) ? message : `${server}: ${message}`,
  };
}

function codeOf(error: MemcachedError): HealthReasonCode {
  switch (error.code) {
    case 'MEMCACHED_CONNECTION':
      return 'unreachable';
    case 'MEMCACHED_TIMEOUT':
      return 'no-answer';
    case 'MEMCACHED_PROTOCOL':
      return 'not-memcached';
    case 'MEMCACHED_SERVER':
      return codeOfReply((error as ServerError).reply);
    default:
      return 'error';
  }
}

function codeOfReply(reply: string): HealthReasonCode {
  if (reply.includes('authenticat')) return 'unauthenticated';
  return reply.includes('Too many open connections') ? 'connections-refused' : 'error';
}

/**
 * Milliseconds by which the server's clock is surely ahead (positive) or behind (negative): it shows whole seconds, of a
 * moment between question and answer.
 */
function clockDrift({ clockMs, askedMs, answeredMs }: NodeSample): number {
  if (clockMs === undefined) return 0;
  if (clockMs > answeredMs) return clockMs - answeredMs;
  return Math.min(0, clockMs + 1000 - askedMs);
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
