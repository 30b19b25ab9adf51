import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  CacheBatch,
  Cacheable,
  CacheDefaults,
  CacheEvict,
  CachePut,
  CasUpdate,
  Current,
  MemcachedModule,
} from '../../../lib/index.js';

const DECORATORS = { CacheBatch, Cacheable, CacheEvict, CachePut, CasUpdate };

/** What the start says of a class with this decorator. */
async function refusal(
  name: keyof typeof DECORATORS,
  options: object,
  ofClass?: ClassDecorator,
): Promise<string> {
  const define = DECORATORS[name] as (options: object) => MethodDecorator;
  class Wrong {
    async find(id: number, left?: number): Promise<number> {
      return id + (left ?? 0);
    }
  }
  if (name === 'CasUpdate') Current()(Wrong.prototype, 'find', 1);
  const method = Object.getOwnPropertyDescriptor(Wrong.prototype, 'find')!;
  define({ key: 'known:{0}', ...options })(Wrong.prototype, 'find', method);
  Object.defineProperty(Wrong.prototype, 'find', method);
  ofClass?.(Wrong);
  Injectable()(Wrong);
  class Root {}
  Module({ imports: [MemcachedModule.forRoot({ connectAtStart: false })], providers: [Wrong] })(Root);
  const module = await Test.createTestingModule({ imports: [Root] }).compile();
  try {
    await module.init();
  } catch (error) {
    return (error as Error).message;
  } finally {
    await module.close();
  }
  return 'nothing';
}

describe('the options that a decorator is said to know', () => {
  it.each(['Cacheable', 'CacheBatch', 'CachePut', 'CasUpdate', 'CacheEvict'] as const)(
    'do not name those that @%s refuses',
    async (name) => {
      const said = await refusal(name, { qqqqqqqq: 1 });
      expect(said).toContain('.qqqqqqqq: unknown option; known are ');
      const known = said.slice(said.indexOf('known are') + 10).split(', ');
      expect(known).toContain('key');
      expect(known.includes('lease')).toBe(name === 'Cacheable' || name === 'CacheBatch');
      expect(known.filter((option) => option === 'forceFresh' || option === 'signal')).toEqual([]);
    },
  );

  it('do not name those that @CacheDefaults refuses', async () => {
    const said = await refusal('Cacheable', {}, CacheDefaults({ qqqqqqqq: 1 } as never));
    expect(said).toContain('known are name, prefix');
    expect(said).not.toMatch(/forceFresh|signal|tags/);
  });

  it('are those of the type of @CachePut and @CasUpdate', async () => {
    expect(await refusal('CachePut', { qqqqqqqq: 1 })).toMatch(
      /tagsOf, unless, nullTtl, cacheUndefined, jitter, onStoreError, grace$/,
    );
    expect(await refusal('CasUpdate', { qqqqqqqq: 1 })).toMatch(
      /key, tags, attempts, backoff, initial, ttl, grace$/,
    );
  });
});

describe('an option of those that read', () => {
  it.each([
    ['CachePut', 'lease', '2s'],
    ['CachePut', 'hardTimeout', '1s'],
    ['CachePut', 'refreshAhead', 0.5],
    ['CasUpdate', 'softTimeout', '1s'],
    ['CacheEvict', 'ttl', '1m'],
  ] as const)('is refused of @%s, which would ignore it: %s', async (name, option, value) => {
    expect(await refusal(name, { [option]: value })).toBe(
      `Wrong.find @${name}.${option}: is an option of the @Cacheable or @CacheBatch that reads the key; write it there`,
    );
  });
});

it('a signal is refused of every decorator, since it is for one call', async () => {
  const signal = AbortSignal.abort();
  for (const name of ['Cacheable', 'CacheBatch', 'CachePut', 'CasUpdate', 'CacheEvict'] as const) {
    expect(await refusal(name, { signal })).toBe(
      `Wrong.find @${name}.signal: gives up one call, and this is for all calls of the method`,
    );
  }
});
