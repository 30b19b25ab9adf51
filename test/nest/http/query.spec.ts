import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Query } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import * as fc from 'fast-check';
import { parse as parseFlat } from 'node:querystring';
import { isDeepStrictEqual } from 'node:util';
import { HttpCache } from '../../../lib/index.js';
import { QueryChoice } from '../../../lib/nest/http/query-choice.js';
import { httpApp, PLATFORMS } from '../support/http-apps.js';

const everyone = { audience: 'everyone', ttl: '1m' } as const;

type Read = Record<string, unknown>;

/** Some options, and what a method reads that keeps to them. */
const CHOICES: readonly (readonly [choice: QueryChoice, read: (query: Read) => unknown])[] = [
  [
    new QueryChoice(['page[number]', 'sort'], true),
    ({ page, 'page[number]': number, sort }) => ({ number, of: part(page, 'number'), sort }),
  ],
  [new QueryChoice(['page', 'sort'], true), ({ page, sort }) => ({ page, sort })],
  [
    new QueryChoice(['ids[*'], true),
    ({ ids, 'ids[]': list, 'ids[0]': first }) => ({ ids: Array.isArray(ids) ? ids : [], list, first }),
  ],
  [new QueryChoice(['filter'], false), withoutFilter],
  [new QueryChoice(['filter*', 'page[cursor]'], false), withoutCursor],
];

const PARSERS: readonly (readonly [name: string, parse: (query: string) => Read])[] = [
  ['that knows names only', (query) => ({ ...parseFlat(query) })],
  ['that makes objects of brackets', extendedParser()],
];

/** Each is another one to some parser, in some order. */
const WRITTEN = [
  'page=1',
  'page=2',
  'page[]=1',
  'page[0]=1',
  'page[number]=1',
  'page[number]=2',
  'page%5Bnumber%5D=2',
  'page[number][x]=1',
  'page[number][]=1',
  'page[cursor]=x',
  'page[cursor]=y',
  'page[size]=1',
  'page[%ff]=6',
  'page[',
  'p%61ge=3',
  '[page]=2',
  '[page][number]=2',
  '%5Bpage]=2',
  'ids=2',
  'ids[]=1',
  'ids[]=2',
  'ids[0]=1',
  'ids[1]=1',
  'ids[a]=1',
  'filter=1',
  'filter[]=1',
  'filter[size]=5',
  'filter=a]=5',
  'filter=%5D=5',
  'sort=a',
  'sort[a]=a',
  '=',
  '',
];

function part(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Read)[name] : undefined;
}

function withoutFilter(query: Read): Read {
  return Object.fromEntries(Object.entries(query).filter(([name]) => name !== 'filter'));
}

/** What is left of a query for somebody who looks neither at filters nor at a page's cursor. */
function withoutCursor(query: Read): Read {
  const read = Object.entries(query).filter(
    ([name]) => !name.startsWith('filter') && name !== 'page[cursor]' && name !== 'page',
  );
  const { page } = query;
  if (typeof page !== 'object' || page === null || Array.isArray(page))
    return Object.fromEntries([...read, ['page', page]]);
  return Object.fromEntries([...read, ...Object.entries(page).filter(([name]) => name !== 'cursor')]);
}

/** Express's. */
function extendedParser(): (query: string) => Read {
  const express = new ExpressAdapter().getInstance<{
    set(name: string, value: string): void;
    get(name: string): (query: string) => Read;
  }>();
  express.set('query parser', 'extended');
  const parse = express.get('query parser fn');
  return (query) => ({ ...parse(query) });
}

describe.each(PARSERS)('queries of one key, read by a parser %s', (_, parse) => {
  it.each(CHOICES)('are read alike by a method that keeps to its options (%#)', (choice, read) => {
    const queries = fc.array(fc.shuffledSubarray(WRITTEN, { maxLength: 3 }), {
      minLength: 80,
      maxLength: 80,
    });
    fc.assert(
      fc.property(queries, (asked) => {
        const first = new Map<string, readonly [query: string, read: unknown]>();
        for (const query of asked.map((parameters) => parameters.join('&'))) {
          const key = choice.apply(`/?${query}`);
          const is = read(parse(query));
          const [before, was] = first.get(key) ?? [query, is];
          first.set(key, [before, was]);
          // Asked only where they differ: it takes a hundred times as long as to compare.
          if (!isDeepStrictEqual(is, was))
            expect({ key, before, query, is }).toEqual({ key, before, query, is: was });
        }
      }),
    );
  });
});

describe('what does not count in a query', () => {
  const [number, , , filter, cursor] = CHOICES.map(([choice]) => choice);

  it.each([
    [number, '/?x=1', '/'],
    [number, '/?filter[a]=1&utm=2', '/'],
    [number, '/?utm=1&page[number]=2', '/?page[number]=2'],
    [filter, '/?filter=2&filter=3', '/'],
    [filter, '/?filter=2&b=1&a=1', '/?a=1&b=1'],
    [cursor, '/?page[cursor]=x&sort=a', '/?sort=a'],
    [cursor, '/?filter[a]=1&filter[b][c]=2&filters=3', '/'],
  ])('makes no new keys (%#)', (choice, url, key) => {
    expect(choice.apply(url)).toBe(key);
  });
});

@Controller()
class Pages {
  @Get()
  @HttpCache({ ...everyone, query: ['page[number]', 'sort'] })
  list(@Query('page[number]') page = '1') {
    return { page };
  }

  @Get('all')
  @HttpCache({ ...everyone, query: { except: ['filter'] } })
  all(@Query('filter[size]') size = 'any') {
    return { size };
  }
}

it.each(PLATFORMS)('a parameter with brackets in its name is one like others on %s', async (platform) => {
  await using nest = await httpApp(platform, { controllers: [Pages] });
  for (const page of ['1', '2', '1', '2'])
    expect((await nest.get(`/?page[number]=${page}`)).body).toEqual({ page });
  for (const size of ['5', '6', '5'])
    expect((await nest.get(`/all?filter[size]=${size}`)).body).toEqual({ size });
  expect((await nest.get('/?utm=1&page[number]=2')).headers.age).toBe('0');
});
