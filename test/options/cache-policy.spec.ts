import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from '../../lib/errors.js';
import type { MemcachedCacheOptions, CachePolicy } from '../../lib/options/cache-options.js';
import {
  ResolvedCacheOptions,
  ResolvedPolicy,
  resolveSoftSeconds,
  resolveUpdate,
} from '../../lib/options/cache-policy.js';
import { resolveLock } from '../../lib/options/lock-options.js';

function policy(given: CachePolicy<any> = {}, defaults: MemcachedCacheOptions = {}): ResolvedPolicy {
  return new ResolvedCacheOptions(defaults).policyOf(given);
}

describe('the options of a cache', () => {
  it('have a default each', () => {
    const { policy: resolved, namespaces, closeTimeoutMs } = new ResolvedCacheOptions({});
    expect(resolved).toEqual({
      ttlSeconds: 300,
      ttlOf: undefined,
      graceSeconds: 0,
      leaseMs: 2000,
      leaseSeconds: 3,
      loadLimitMs: 30_000,
      recacheSeconds: 0,
      leaseWaitMs: 34_000,
      serveStale: true,
      serveStaleIf: expect.any(Function),
      softTimeoutMs: 0,
      hardTimeoutMs: 0,
      retryAfterMs: 1000,
      nullTtlSeconds: undefined,
      maxTtlSeconds: 0,
      nearMs: 0,
      forceFresh: false,
      guardSet: true,
      schema: undefined,
      cacheUndefined: false,
      jitter: 0,
      tags: [],
      throwStoreErrors: false,
    });
    expect(resolved.serveStaleIf(new Error('any'))).toBe(true);
    expect(namespaces).toEqual([]);
    expect(closeTimeoutMs).toBe(2000);
  });

  it('are the defaults of every policy, which overrides them one by one', () => {
    const resolved = policy({ ttl: '1m' }, { ttl: '1h', grace: '10s', jitter: 0.1 });
    expect(resolved).toMatchObject({ ttlSeconds: 60, graceSeconds: 10, jitter: 0.1 });
  });

  it('that are undefined count as not given', () => {
    expect(policy({ ttl: undefined, grace: undefined }, { ttl: '1h' })).toMatchObject({ ttlSeconds: 3600 });
  });

  it.each<[MemcachedCacheOptions, string]>([
    [{ tll: '5m' } as MemcachedCacheOptions, "cache.tll: unknown option; did you mean 'ttl'?"],
    [{ signal: new AbortController().signal } as MemcachedCacheOptions, 'cache.signal: unknown option'],
    [
      { ttl: 60 },
      "cache.ttl: 60 ms is below one second, the smallest ttl memcached can count; did you mean '60s'?",
    ],
    [{ ttl: 0 }, 'cache.ttl: 0 ms is below one second'],
    [{ ttl: '5 min' as '5m' }, 'cache.ttl: expected a number of milliseconds or a text like'],
    [
      { grace: 30 },
      "cache.grace: 30 ms is below one second, the smallest ttl memcached can count; did you mean '30s'?",
    ],
    [{ lease: 0 }, 'cache.lease: 0 ms is below one second'],
    [{ lease: 'never' as '1s' }, 'cache.lease: expected a duration of at least one second'],
    [
      { onStoreError: 'ignroe' as 'ignore' },
      "cache.onStoreError: expected one of 'ignore', 'throw', got 'ignroe'; did you mean 'ignore'?",
    ],
    [{ refreshAhead: 1 }, 'cache.refreshAhead: expected a number below 1'],
    [{ refreshAhead: -0.1 }, 'cache.refreshAhead: expected a number from 0 to 1, got -0.1'],
    [{ jitter: 2 }, 'cache.jitter: expected a number from 0 to 1, got 2'],
    [{ serveStale: 1 as unknown as boolean }, 'cache.serveStale: expected true or false, got 1'],
    [{ tags: 'products' as unknown as string[] }, 'cache.tags: expected an array of tags'],
    [{ tags: ['a', ''] }, "cache.tags[1]: expected a non-empty string, got ''"],
    [{ namespaces: [''] }, "cache.namespaces[0]: expected a non-empty string, got ''"],
    [{ softTimeout: '2s', hardTimeout: '1s' }, 'cache.softTimeout: expected less than hardTimeout'],
    [{ onStoreError: 'ignor' as 'ignore' }, "did you mean 'ignore'?"],
  ])('are refused with their path: %j', (options, message) => {
    expect(() => new ResolvedCacheOptions(options)).toThrow(InvalidOptionsError);
    expect(() => new ResolvedCacheOptions(options)).toThrow(message);
  });
});

describe('a policy', () => {
  it('counts what memcached counts in whole seconds, rounded up', () => {
    expect(policy({ ttl: 1500, grace: '1.2s', lease: 2001 })).toMatchObject({
      ttlSeconds: 2,
      graceSeconds: 2,
      leaseMs: 3000,
      leaseSeconds: 4,
    });
  });

  it('bounds every ttl by maxTtl', () => {
    expect(policy({ ttl: 'never', nullTtl: '1h', maxTtl: '10m' })).toMatchObject({
      ttlSeconds: 600,
      nullTtlSeconds: 600,
    });
    expect(policy({ ttl: '1m' }, { maxTtl: '10m' }).ttlSeconds).toBe(60);
  });

  it('refuses forceFresh as a default of all calls', () => {
    expect(() => new ResolvedCacheOptions({ forceFresh: true } as MemcachedCacheOptions)).toThrow(
      InvalidOptionsError,
    );
  });

  it('takes never for a ttl', () => {
    expect(policy({ ttl: 'never', nullTtl: 'never' })).toMatchObject({ ttlSeconds: 0, nullTtlSeconds: 0 });
  });

  it('does not cache null with nullTtl: 0', () => {
    expect(policy({ nullTtl: 0 }).nullTtlSeconds).toBeNull();
  });

  it('keeps a function for a ttl', () => {
    const ttl = (): '5m' => '5m';
    expect(policy({ ttl })).toMatchObject({ ttlSeconds: undefined, ttlOf: ttl });
  });

  it('waits for another process as long as that shows signs of life, and a little longer', () => {
    expect(policy({ lease: '30s' }).leaseWaitMs).toBe(62_000);
    expect(policy({ leaseWait: '1m' }).loadLimitMs).toBe(60_000);
    expect(policy({ leaseWait: '100ms' }).leaseWaitMs).toBe(100);
    expect(policy({ leaseWait: 0 }).leaseWaitMs).toBe(0);
  });

  it('asks for the right to refresh when no more than the grace is left, or the last part of the ttl', () => {
    expect(policy({ grace: '30s' }).recacheSeconds).toBe(31);
    expect(policy({ ttl: '100s', grace: '30s', refreshAhead: 0.1 }).recacheSeconds).toBe(41);
    expect(policy({ ttl: '100s', refreshAhead: 0.1 }).recacheSeconds).toBe(11);
    expect(policy({ ttl: '100s' }).recacheSeconds).toBe(0);
  });

  it('leaves the first second of a ttl in which nothing is refreshed ahead, and refuses a ttl of one second', () => {
    expect(policy({ ttl: '2s', refreshAhead: 0.6 }).recacheSeconds).toBe(2);
    expect(policy({ ttl: '3s', refreshAhead: 0.9 }).recacheSeconds).toBe(3);
    expect(() => policy({ ttl: '1s', refreshAhead: 0.5 })).toThrow("needs a ttl of at least '2s'");
  });

  it('refuses a fraction of a ttl that is not known beforehand', () => {
    expect(() => policy({ ttl: () => '5m', refreshAhead: 0.1 })).toThrow(
      'policy.refreshAhead: is a fraction of the ttl, which a function of the value does not tell beforehand',
    );
  });

  it('refuses an unknown option with the nearest known one, inherited names included', () => {
    expect(() => policy({ gracee: '1s' } as CachePolicy)).toThrow(
      "policy.gracee: unknown option; did you mean 'grace'?",
    );
    expect(() => policy({ toString: 1 } as unknown as CachePolicy)).toThrow(
      'policy.toString: unknown option',
    );
  });

  it('is read once where it is read beforehand', () => {
    const options = new ResolvedCacheOptions({});
    const resolved = options.policyOf({ ttl: '1m' });
    expect(options.policyOf(resolved)).toBe(resolved);
    expect(options.policyOf(undefined)).toBe(options.policy);
  });
});

describe('the options of update', () => {
  it('have a default each', () => {
    expect(resolveUpdate({})).toEqual({
      attempts: 64,
      backoffMs: 1,
      initial: undefined,
      ttlSeconds: undefined,
      graceSeconds: undefined,
      tags: undefined,
      signal: undefined,
    });
  });

  it.each<[object, string]>([
    [{ attempts: 0 }, 'update.attempts: expected a whole number of at least 1, got 0'],
    [{ atempts: 3 }, "update.atempts: unknown option; did you mean 'attempts'?"],
    [
      { ttl: 5 },
      "update.ttl: 5 ms is below one second, the smallest ttl memcached can count; did you mean '5s'?",
    ],
    [{ signal: {} }, 'update.signal: expected an AbortSignal'],
  ])('are refused with their path: %j', (options, message) => {
    expect(() => resolveUpdate(options)).toThrow(message);
  });
});

describe('other options', () => {
  it('of invalidate keep a value for whole seconds, or not at all', () => {
    expect(resolveSoftSeconds({})).toBe(0);
    expect(resolveSoftSeconds({ soft: 0 })).toBe(0);
    expect(resolveSoftSeconds({ soft: '1.5s' })).toBe(2);
    expect(() => resolveSoftSeconds({ sft: '1s' } as object)).toThrow("did you mean 'soft'?");
  });

  it('of a lock need a ttl', () => {
    expect(resolveLock({ ttl: '10s' })).toEqual({
      ttlSeconds: 10,
      leaseSeconds: 10,
      waitMs: 0,
      signal: undefined,
    });
    expect(() => resolveLock({} as { ttl: '1s' })).toThrow('lock.ttl: expected a number of milliseconds');
    expect(() => resolveLock({ ttl: 'never' as '1s' })).toThrow(
      'lock.ttl: expected a duration of at least one second',
    );
  });
});
