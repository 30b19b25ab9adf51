import { channel, type Channel } from 'node:diagnostics_channel';
import type { CacheHappening, CacheObserver } from '../cache/cache-events.js';

/** What the channels `nestjs-memcached:cache:…` tell. Never a value. */
export interface CacheMessage {
  /** The key, or the tag, as the application wrote it; absent with the option `diagnosticKeys: false`. */
  readonly key?: string;
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

/** Publishes what happens in a cache, to whoever listens; costs one look when nobody does. */
export function publishing(withKeys: boolean): CacheObserver {
  return (what, key, error) => {
    const to = CHANNELS[what];
    if (!to.hasSubscribers) return;
    to.publish({ ...(withKeys ? { key } : {}), ...(error === undefined ? {} : { error }) });
  };
}

function cacheChannel(name: string): Channel<unknown, CacheMessage> {
  return channel(`nestjs-memcached:cache:${name}`) as unknown as Channel<unknown, CacheMessage>;
}
