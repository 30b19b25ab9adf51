import { Logger } from '@nestjs/common';
import { channel, type Channel } from 'node:diagnostics_channel';
import type { CacheAudiences, CacheHappening, CacheObserver } from '../cache/cache-events.js';
import { logContextOf } from './instance/module-name.js';
import type { MessageNaming } from './trace-channels.js';

/** What the channels `nestjs-memcached:cache:…` tell. Never a value. */
export interface CacheMessage {
  /** The key, or the tag, as the application wrote it; absent with the option `diagnosticKeys: false`. */
  readonly key?: string;
  /** The option `instance` of the cache: the name of its module, `default` without one. */
  readonly instance: string;
  /** Which keys it belongs to: the template of a decorator, otherwise the first part of the key; bounded in number. */
  readonly group: string;
  /** Of `load-failure` and `store-error`: what was thrown. */
  readonly error?: unknown;
}

/** The channel of each thing that happens in a cache. */
const CHANNELS: Readonly<Record<CacheHappening, Channel<unknown, CacheMessage>>> = {
  hit: cacheChannel('hit'),
  miss: cacheChannel('miss'),
  unreadable: cacheChannel('unreadable'),
  stale: cacheChannel('stale'),
  refresh: cacheChannel('refresh'),
  load: cacheChannel('load'),
  loadEnd: cacheChannel('load-end'),
  loadFailure: cacheChannel('load-failure'),
  shared: cacheChannel('shared'),
  leaseWon: cacheChannel('lease-won'),
  leaseWaited: cacheChannel('lease-waited'),
  leaseLost: cacheChannel('lease-lost'),
  takeOver: cacheChannel('take-over'),
  casRetry: cacheChannel('cas-retry'),
  storeError: cacheChannel('store-error'),
  invalidation: cacheChannel('invalidation'),
};

/**
 * Who is to be told of what: nothing is done for channels without subscribers.
 *
 * @param debug whether the log gets it too, and so is to be told of everything.
 */
export function audiencesOf(debug: boolean): CacheAudiences {
  if (debug) return {};
  // Beside the channel, it is noted what cannot be stored.
  const { storeError: _told, ...others } = CHANNELS;
  return others;
}

/**
 * Publishes what happens in a cache, to whoever listens; costs one look when nobody does.
 *
 * @param debug whether the log gets it too.
 */
export function publishing({ withKeys, instance, groups }: MessageNaming, debug: boolean): CacheObserver {
  const publish: CacheObserver = (what, key, error) => {
    const to = CHANNELS[what];
    if (!to.hasSubscribers) return;
    const group = groups.of(key);
    to.publish({ ...(withKeys ? { key } : {}), instance, group, ...(error === undefined ? {} : { error }) });
  };
  return debug ? debugging(publish, withKeys, instance) : publish;
}

/** What the log says of each thing with the option `debug`. */
const WORDS: Readonly<Record<CacheHappening, string>> = {
  hit: 'hit',
  miss: 'miss',
  unreadable: 'miss, since what is stored cannot be read',
  stale: 'stale value served',
  refresh: 'refreshed behind the answer',
  load: 'computing',
  loadEnd: 'computed',
  loadFailure: 'could not be computed',
  shared: 'computed by another call of this process',
  leaseWon: 'is ours to compute',
  leaseWaited: 'waited for another process',
  leaseLost: 'not stored, since it was invalidated while it was computed',
  takeOver: 'taken over from a process that went silent',
  casRetry: 'changed by another meanwhile, tried again',
  storeError: 'not stored or not read',
  invalidation: 'invalidated',
};

/** As another observer, and writes each thing to Nest's log, level debug. */
function debugging(observer: CacheObserver, withKeys: boolean, instance: string): CacheObserver {
  const logger = new Logger(logContextOf(instance));
  return (what, key, error) => {
    observer(what, key, error);
    const reason = error instanceof Error ? `: ${error.message}` : '';
    logger.debug(`${withKeys ? `${key}: ` : ''}${WORDS[what]}${reason}`);
  };
}

function cacheChannel(name: string): Channel<unknown, CacheMessage> {
  return channel(`nestjs-memcached:cache:${name}`) as unknown as Channel<unknown, CacheMessage>;
}
