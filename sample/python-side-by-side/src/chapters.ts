import type { MemcachedClient } from 'nestjs-memcached/client';

export interface Chapter {
  readonly title: string;
  /** The calls, as they are shown. */
  readonly calls: readonly (readonly [python: string, node: string])[];
  /** What is stored before it begins. */
  readonly given?: Readonly<Record<string, string>>;
  readonly run: (client: MemcachedClient) => Promise<unknown[]>;
  /** Where an answer has another form in Python, what it stands for here. */
  readonly reading?: (answers: unknown[]) => unknown[];
}

const TWO_KEYS = { key1: 'val1', key2: 'val2' };

/** The chapters of the tutorial. */
export const CHAPTERS: readonly Chapter[] = [
  {
    title: 'set and get',
    calls: [
      ["mc.set('name', 'wupeiqi')", "client.set('name', 'wupeiqi')"],
      ["mc.get('name')", "client.get('name')"],
      ["mc.get('nobody')", "client.get('nobody')"],
    ],
    run: async (client) => [
      await client.set('name', 'wupeiqi'),
      await client.get('name'),
      await client.get('nobody'),
    ],
  },
  {
    title: 'add',
    calls: [
      ["mc.add('k1', 'v1')", "client.add('k1', 'v1')"],
      ["mc.add('k1', 'v2')", "client.add('k1', 'v2')"],
      ["mc.get('k1')", "client.get('k1')"],
    ],
    run: async (client) => [
      await client.add('k1', 'v1'),
      await client.add('k1', 'v2'),
      await client.get('k1'),
    ],
  },
  {
    title: 'replace',
    calls: [
      ["mc.replace('kkkk', '999')", "client.replace('kkkk', '999')"],
      ["mc.set('kkkk', '1')", "client.set('kkkk', '1')"],
      ["mc.replace('kkkk', '999')", "client.replace('kkkk', '999')"],
      ["mc.get('kkkk')", "client.get('kkkk')"],
    ],
    run: async (client) => [
      await client.replace('kkkk', '999'),
      await client.set('kkkk', '1'),
      await client.replace('kkkk', '999'),
      await client.get('kkkk'),
    ],
  },
  {
    title: 'set_multi',
    calls: [
      ["mc.set_multi({'key1': …, 'key2': …})", 'client.setMany({ key1: …, key2: … })'],
      ["mc.get('key2')", "client.get('key2')"],
    ],
    run: async (client) => [
      Array.from((await client.setMany({ key1: 'val1', key2: 'val2' })).values()),
      await client.get('key2'),
    ],
    // Python lists the keys that failed; here every key has its answer.
    reading: ([failed, value]) => [
      Array.isArray(failed) && failed.length === 0 ? [true, true] : failed,
      value,
    ],
  },
  {
    title: 'get_multi',
    given: TWO_KEYS,
    calls: [["mc.get_multi(['key1', 'key2', 'key3'])", "client.getMany(['key1', 'key2', 'key3'])"]],
    run: async (client) => [Object.fromEntries(await client.getMany(['key1', 'key2', 'key3']))],
  },
  {
    title: 'delete',
    given: TWO_KEYS,
    calls: [
      ["mc.delete('key1')", "client.delete('key1')"],
      ["mc.get('key1')", "client.get('key1')"],
    ],
    run: async (client) => [await client.delete('key1'), await client.get('key1')],
    reading: ([deleted, value]) => [deleted === 1, value],
  },
  {
    title: 'delete_multi',
    given: TWO_KEYS,
    calls: [
      ["mc.set('key1', 'val1')", "client.set('key1', 'val1')"],
      ["mc.delete_multi(['key1', 'key2'])", "client.deleteMany(['key1', 'key2'])"],
      ["mc.get_multi(['key1', 'key2'])", "client.getMany(['key1', 'key2'])"],
    ],
    run: async (client) => [
      await client.set('key1', 'val1'),
      Array.from((await client.deleteMany(['key1', 'key2'])).values()),
      Object.fromEntries(await client.getMany(['key1', 'key2'])),
    ],
    // Python has one answer for all keys.
    reading: ([set, deleted, found]) => [set, deleted === 1 ? [true, true] : deleted, found],
  },
  {
    title: 'append and prepend',
    calls: [
      ["mc.set('k2', 'v')", "client.set('k2', 'v')"],
      ["mc.append('k2', 'after')", "client.append('k2', 'after')"],
      ["mc.prepend('k2', 'before')", "client.prepend('k2', 'before')"],
      ["mc.get('k2')", "client.get('k2')"],
    ],
    run: async (client) => [
      await client.set('k2', 'v'),
      await client.append('k2', 'after'),
      await client.prepend('k2', 'before'),
      await client.get('k2'),
    ],
  },
  {
    title: 'incr and decr',
    calls: [
      ["mc.set('visits', 777)", "client.set('visits', 777)"],
      ["mc.incr('visits')", "client.incr('visits')"],
      ["mc.incr('visits', 10)", "client.incr('visits', 10)"],
      ["mc.decr('visits')", "client.decr('visits')"],
      ["mc.decr('visits', 10)", "client.decr('visits', 10)"],
    ],
    run: async (client) => [
      await client.set('visits', 777),
      await client.incr('visits'),
      await client.incr('visits', 10),
      await client.decr('visits'),
      await client.decr('visits', 10),
    ],
  },
  {
    title: 'gets and cas',
    calls: [
      ["read = mc.gets('product_count')", "item = await client.gets('product_count')"],
      ["mc.cas('product_count', read - 1)", "client.cas('product_count', item.value - 1, item.cas)"],
      ["mc.get('product_count')", "client.get('product_count')"],
    ],
    run: async (client) => {
      await client.set('product_count', 900);
      const item = await client.gets<number>('product_count');
      if (item === undefined) throw new Error('what was just stored is not there');
      return [
        item.value,
        await client.cas('product_count', item.value - 1, item.cas),
        await client.get('product_count'),
      ];
    },
    reading: ([read, written, left]) => [read, written === true ? 'stored' : written, left],
  },
];
