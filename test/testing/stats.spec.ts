import { describe, expect, it } from '@jest/globals';
import { MemcachedServer } from '../../lib/testing/index.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';
import { Conversation } from './conversation.js';

type Address = { host: string; port: number };

/** One of every event that both servers count. */
const SCRIPT = [
  'set a 0 0 1\r\n1',
  'add b 0 100 1 noreply\r\n2',
  'add b 0 0 1\r\n2',
  'set c 5 0 10\r\n0123456789',
  'get a b none',
  'gets a none',
  'gat 100 a none',
  'touch a 100',
  'touch none 100',
  'incr a 1',
  'incr none 1',
  'decr a 1',
  'decr none 1',
  'delete c',
  'delete none',
  'cas none 0 0 1 5\r\nx',
  'cas a 0 0 1 999999\r\nx',
  'mg a v',
  'mg none v',
  'mg a T50 v',
  'mg none T50',
  'mg lease N30',
  'mg touched N30 T100',
  'ms m 3 T100\r\nabc',
  'ms m 3 C999999\r\nabc',
  'ms none 3 C999999\r\nabc',
  'ms m 3 ME\r\nabc',
  'md m',
  'md none',
  'ma a',
  'ma none',
  'ma counter N60 J5',
  'ma a MD',
  'ma none MD',
  'flush_all 1000',
  `set large 0 0 1048577\r\n${'x'.repeat(1048577)}`,
];

/** Counters that depend on nothing but the commands. */
const COUNTERS = [
  'cmd_get',
  'cmd_set',
  'cmd_flush',
  'cmd_touch',
  'get_hits',
  'get_misses',
  'delete_misses',
  'delete_hits',
  'incr_misses',
  'incr_hits',
  'decr_misses',
  'decr_hits',
  'cas_misses',
  'cas_hits',
  'cas_badval',
  'touch_hits',
  'touch_misses',
  'store_too_large',
  'curr_items',
  'total_items',
  'bytes',
];

async function stats(conversation: Conversation, group: string): Promise<Map<string, string>> {
  conversation.send(`stats ${group}\r\nmn\r\n`);
  let text = '';
  while (!text.endsWith('END\r\nMN\r\n')) text += await conversation.take(1);
  return new Map([...text.matchAll(/^STAT (\S+) (.*)\r$/gm)].map(([, name, value]) => [name, value]));
}

/** What each line of the script changes. */
async function changesAlong(server: Address): Promise<Record<string, string>[]> {
  const conversation = await Conversation.open(server);
  const changes: Record<string, string>[] = [];
  let before = await stats(conversation, '');
  for (const request of SCRIPT) {
    conversation.send(`${request}\r\n`);
    const after = await stats(conversation, '');
    const changed = COUNTERS.filter((name) => after.get(name) !== before.get(name));
    changes.push({
      request: request.slice(0, 40),
      ...Object.fromEntries(changed.map((name) => [name, `${before.get(name)} to ${after.get(name)}`])),
    });
    before = after;
  }
  conversation.close();
  return changes;
}

async function namesOf(server: Address, group: string): Promise<string[]> {
  const conversation = await Conversation.open(server);
  conversation.send('set a 0 0 1\r\n1\r\n');
  await conversation.take(1);
  const names = await stats(conversation, group);
  conversation.close();
  return [...names.keys()];
}

describeReal('stats of the embedded server and of a real memcached', () => {
  it('count the same after every command', async () => {
    await using embedded = await MemcachedServer.start();
    await using real = await startMemcached({ args: ['-o', 'no_lru_maintainer'] });
    expect(await changesAlong(embedded)).toEqual(await changesAlong(real));
  });

  it.each(['', 'settings', 'items', 'slabs'])(
    'have the same names in the same order: "%s"',
    async (group) => {
      await using embedded = await MemcachedServer.start();
      await using real = await startMemcached();
      expect(await namesOf(embedded, group)).toEqual(await namesOf(real, group));
    },
  );
});

describe('stats of the embedded server', () => {
  it('begin anew with stats reset, but keep what is there', async () => {
    await using server = await MemcachedServer.start();
    const conversation = await Conversation.open(server);
    conversation.send('set a 0 0 1\r\n1\r\nget a b\r\nstats reset\r\n');
    await conversation.take(5);
    const now = await stats(conversation, '');
    expect([now.get('cmd_get'), now.get('total_items'), now.get('curr_items')]).toEqual(['0', '0', '1']);
    conversation.close();
  });

  it('tell the settings it was started with', async () => {
    await using server = await MemcachedServer.start({
      maxItemBytes: 2_000_000,
      memoryLimitBytes: 128 * 1024 * 1024,
      maxConnections: 77,
    });
    const conversation = await Conversation.open(server);
    const settings = await stats(conversation, 'settings');
    expect(Object.fromEntries(settings)).toMatchObject({
      item_size_max: '2000000',
      maxbytes: '134217728',
      maxconns: '77',
      tcpport: String(server.port),
      auth_enabled_ascii: 'no',
      ssl_enabled: 'no',
    });
    conversation.close();
  });

  it('show what slab classes hold', async () => {
    await using server = await MemcachedServer.start();
    const conversation = await Conversation.open(server);
    conversation.send(
      `set a 0 0 1\r\n1\r\nset b 0 0 1000\r\n${'x'.repeat(1000)}\r\nset c 0 0 1000\r\n${'x'.repeat(1000)}\r\n`,
    );
    await conversation.take(3);
    const items = await stats(conversation, 'items');
    const slabs = await stats(conversation, 'slabs');
    expect([items.get('items:1:number'), items.get('items:12:number')]).toEqual(['1', '2']);
    expect([slabs.get('12:used_chunks'), slabs.get('active_slabs')]).toEqual(['2', '2']);
    conversation.close();
  });

  it('name the keys of a slab class in a cachedump', async () => {
    await using server = await MemcachedServer.start({ now: () => 1_800_000_000_000 });
    const conversation = await Conversation.open(server);
    conversation.send(
      'set a 0 0 1\r\n1\r\nset b 0 60 2\r\n22\r\nstats cachedump 1 0\r\nstats cachedump 1 1\r\n',
    );
    expect(await conversation.take(7)).toBe(
      'STORED\r\nSTORED\r\nITEM a [1 b; 0 s]\r\nITEM b [2 b; 1800000060 s]\r\nEND\r\nITEM a [1 b; 0 s]\r\nEND\r\n',
    );
    conversation.close();
  });

  it('name every connection', async () => {
    await using server = await MemcachedServer.start();
    const one = await Conversation.open(server);
    const other = await Conversation.open(server);
    other.send('mn\r\n');
    await other.take(1);
    const connections = [...(await stats(one, 'conns')).keys()].filter((name) =>
      name.endsWith(':listen_addr'),
    );
    expect(connections).toHaveLength(2);
    one.close();
    other.close();
  });
});
