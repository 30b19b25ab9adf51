import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import { keysOn } from '../support/raw-commands.js';
import { describeReal, type RealMemcached, startMemcached } from '../support/real-memcached.js';
import { describePython, PythonClient } from './python-client.js';

const KEYS = Array.from({ length: 300 }, (_, index) => `item:${index}`);

/** Keys as applications have them beside `item:7`: other alphabets, an emoji beyond 16 bits, names of Object's own. */
const ODD_KEYS = ['товар:7', '商品:七', '🛒:7', 'constructor', '__proto__', 'a$b', 'k'.repeat(250)];

describeReal('a fleet of Node and Python', () => {
  describePython('on two servers with weights 1 and 2', () => {
    let servers: RealMemcached[];
    let node: MemcachedClient;
    let python: PythonClient;

    beforeAll(async () => {
      servers = [await startMemcached(), await startMemcached()];
      const weighted = servers.map(({ address }, index) => [address, index + 1] as const);
      node = new MemcachedClient({
        servers: weighted.map(([server, weight]) => `${server}=${weight}`),
        distribution: 'python-memcached',
      });
      python = new PythonClient(weighted);
    });

    afterAll(async () => {
      await Promise.allSettled([node.close(), python[Symbol.asyncDispose]()]);
      await Promise.all(servers.map((server) => server.stop()));
    });

    /** Every key with the address of the one server that holds it. */
    async function whereabouts(keys: readonly string[]): Promise<Map<string, string>> {
      const held = await Promise.all(servers.map((server) => keysOn(server, keys)));
      const pairs = held.flatMap((found, index) =>
        found.map((key) => [key, servers[index].address] as const),
      );
      expect(pairs.map(([key]) => key).toSorted()).toEqual(keys.toSorted());
      return new Map(pairs);
    }

    /** What python-memcached itself says, without asking a server. */
    async function pythonSays(keys: readonly string[]): Promise<Map<string, string>> {
      const says = new Map<string, string>();
      for (const key of keys) says.set(key, (await python.call('server_of', key)) as string);
      return says;
    }

    it('agrees on the server of every key, without asking one', async () => {
      const keys = [...KEYS, ...ODD_KEYS];
      expect(new Map(keys.map((key) => [key, node.serverFor(key)]))).toEqual(await pythonSays(keys));
    });

    describe('when Node writes', () => {
      it('puts each key on the server where Python looks, the heavier one holding about two thirds', async () => {
        const keys = [...KEYS, ...ODD_KEYS].map((key) => `n${key}`.slice(0, 250));
        for (const key of keys) await node.set(key, key);
        const held = await whereabouts(keys);
        expect(held).toEqual(await pythonSays(keys));
        const share =
          [...held.values()].filter((server) => server === servers[1].address).length / keys.length;
        expect(share).toBeGreaterThan(0.55);
        expect(share).toBeLessThan(0.78);
      });

      it.each([
        ['text', 'nine hundred', 'str'],
        ['text beyond ASCII', 'цена 900 ₽ 🛒', 'str'],
        ['text that looks like a reply', 'END\r\nVALUE item 0 1\r\n', 'str'],
        ['empty text', '', 'str'],
        ['an integer', 900, 'int'],
        ['zero', 0, 'int'],
        ['a negative integer', -900, 'int'],
        ['the largest safe integer', Number.MAX_SAFE_INTEGER, 'int'],
      ])('is read by Python: %s', async (name, value, type) => {
        const key = `written by node: ${name}`.replaceAll(' ', '_');
        await node.set(key, value);
        expect(await python.call('get', key)).toBe(value);
        expect(await python.call('type_of', key)).toBe(type);
      });

      it('is read by Python in one get_multi with a key_prefix', async () => {
        const entries = KEYS.map((key, index) => [`shop/${key}`, index] as const);
        await node.setMany(entries);
        const read = await python.callWith({ key_prefix: 'shop/' }, 'get_multi', KEYS);
        expect(read).toEqual(Object.fromEntries(KEYS.map((key, index) => [key, index])));
      });
    });

    describe('when Python writes', () => {
      it('finds each key on the server where Python put it', async () => {
        const keys = [...KEYS, ...ODD_KEYS].map((key) => `p${key}`.slice(0, 250));
        for (const key of keys) expect(await python.call('set', key, key)).toBe(true);
        const held = await whereabouts(keys);
        expect(new Map(keys.map((key) => [key, node.serverFor(key)]))).toEqual(held);
        expect(new Map(await node.getMany(keys))).toEqual(new Map(keys.map((key) => [key, key])));
      });

      it.each([
        ['text', 'nine hundred'],
        ['text beyond ASCII', 'цена 900 ₽ 🛒'],
        ['text that looks like a reply', 'END\r\nVALUE item 0 1\r\n'],
        ['empty text', ''],
        ['an integer', 900],
        ['zero', 0],
        ['a negative integer', -900],
        ['the largest safe integer', Number.MAX_SAFE_INTEGER],
      ])('is read by Node: %s', async (name, value) => {
        const key = `written by python: ${name}`.replaceAll(' ', '_');
        expect(await python.call('set', key, value)).toBe(true);
        expect(await node.get(key)).toBe(value);
      });

      it('is read by Node, whatever key_prefix its set_multi used', async () => {
        const mapping = Object.fromEntries(KEYS.map((key, index) => [key, index]));
        expect(await python.callWith({ key_prefix: 'depot/' }, 'set_multi', mapping)).toEqual([]);
        const read = await node.getMany(KEYS.map((key) => `depot/${key}`));
        expect(new Map(read)).toEqual(new Map(KEYS.map((key, index) => [`depot/${key}`, index])));
      });
    });

    it('routes a keyPrefix of Node as Python routes the same text as a key_prefix', async () => {
      const prefixed = new MemcachedClient({
        servers: servers.map(({ address }, index) => `${address}=${index + 1}`),
        distribution: 'python-memcached',
        keyPrefix: 'tenant/',
      });
      try {
        await prefixed.setMany(KEYS.map((key) => [key, key]));
        const read = await python.callWith({ key_prefix: 'tenant/' }, 'get_multi', KEYS);
        expect(read).toEqual(Object.fromEntries(KEYS.map((key) => [key, key])));
      } finally {
        await prefixed.close();
      }
    });

    it('counts together on one counter', async () => {
      await node.set('visits', 10);
      expect(await python.call('incr', 'visits', 5)).toBe(15);
      expect(await node.incr('visits')).toBe(16);
      expect(await python.call('decr', 'visits', 6)).toBe(10);
      expect(await python.call('set', 'stock', 3)).toBe(true);
      expect(await node.decr('stock', 2)).toBe(1);
      expect(await python.call('get', 'stock')).toBe(1);
    });

    it('sees what the other has deleted', async () => {
      await node.set('gone', 1);
      await python.call('delete', 'gone');
      expect(await node.get('gone')).toBeUndefined();
      await python.call('set', 'gone', 1);
      await node.delete('gone');
      expect(await python.call('get', 'gone')).toBeNull();
    });

    describe('with two buyers who have both read a stock of 900', () => {
      it('loses a purchase when they write what they have computed', async () => {
        await node.set('stock:lost', 900);
        const seenByNode = (await node.get<number>('stock:lost')) as number;
        const seenByPython = (await python.call('get', 'stock:lost')) as number;
        await node.set('stock:lost', seenByNode - 1);
        await python.call('set', 'stock:lost', seenByPython - 1);
        expect(await node.get('stock:lost')).toBe(899);
      });

      it('loses none when they use gets and cas, Node being first', async () => {
        await node.set('stock:first', 900);
        const seen = await node.gets<number>('stock:first');
        expect(await python.call('gets', 'stock:first')).toBe(900);
        expect(await node.cas('stock:first', 899, seen?.cas as string)).toBe('stored');
        expect(await python.call('cas', 'stock:first', 899)).toBe(false);
        expect(await python.call('gets', 'stock:first')).toBe(899);
        expect(await python.call('cas', 'stock:first', 898)).toBe(true);
        expect(await node.get('stock:first')).toBe(898);
      });

      it('loses none when they use gets and cas, Python being first', async () => {
        await python.call('set', 'stock:second', 900);
        const seen = await node.gets<number>('stock:second');
        expect(await python.call('gets', 'stock:second')).toBe(900);
        expect(await python.call('cas', 'stock:second', 899)).toBe(true);
        expect(await node.cas('stock:second', 899, seen?.cas as string)).toBe('exists');
        const again = await node.gets<number>('stock:second');
        expect(again?.value).toBe(899);
        expect(await node.cas('stock:second', 898, again?.cas as string)).toBe('stored');
        expect(await python.call('get', 'stock:second')).toBe(898);
      });
    });
  });
});
