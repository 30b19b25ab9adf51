import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import type { MemcachedClientOptions } from '../../lib/options/client-options.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { expectDropped, markLongAgo, Members, NEAR, warm, type Member } from './support/members.js';

jest.setTimeout(60_000);

const KEYS = Array.from({ length: 16 }, (_, index) => `k${index}`);

/** A list of servers, by their positions among those that are running, some more than once for their weight. */
type List = readonly number[];

interface Change {
  readonly name: string;
  readonly before: List;
  readonly after: List;
  readonly distribution?: MemcachedClientOptions['distribution'];
}

const CHANGES: readonly Change[] = [
  { name: 'a server is added', before: [0, 1], after: [0, 1, 2] },
  { name: 'a server is removed', before: [0, 1, 2], after: [0, 1] },
  { name: 'a server takes the place of another', before: [0, 1], after: [0, 2] },
  { name: 'a server gets another weight', before: [0, 1], after: [0, 1, 1, 1, 1, 1, 1, 1] },
  { name: 'servers change places', before: [0, 1], after: [1, 0], distribution: 'modulo' },
];

describeReal('near caches on a list of servers that changes', () => {
  let servers: RealMemcached[];
  const members = new Members();

  beforeEach(async () => {
    servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()]);
    await Promise.all(servers.map(({ address }) => markLongAgo(address)));
  });
  afterEach(async () => {
    await members.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const listOf = (list: List): { host: string; port: number; weight: number }[] =>
    [...new Set(list)].map((at) => ({
      host: servers[at].host,
      port: servers[at].port,
      weight: list.filter((other) => other === at).length,
    }));

  const homes = ({ client }: Member): string[] => KEYS.map((key) => client.serverFor(key));

  it.each(CHANGES)('drop what has moved, and serve nothing older, when $name', async (change) => {
    const { before, after, distribution } = change;
    const options = distribution === undefined ? {} : { distribution };
    const [reader, writer] = [NEAR, {}].map((near) => members.start(listOf(before), near, options));
    await warm(reader, KEYS, 'old');
    const from = homes(reader);
    for (const { client } of [reader, writer]) client.setServers(listOf(after));
    const to = homes(reader);
    const moved = KEYS.filter((_, index) => from[index] !== to[index]);
    expect(moved.length).toBeGreaterThan(0);
    expect(reader.cache.near!.items).toBeLessThanOrEqual(KEYS.length - moved.length);
    await Promise.all(KEYS.map((key) => writer.cache.set(key, 'new')));
    let returned = performance.now();
    for (const key of KEYS) await expectDropped(reader, key, returned);
    // As on any list.
    await warm(reader, KEYS, 'new');
    await Promise.all(KEYS.map((key) => writer.cache.invalidate(key)));
    returned = performance.now();
    for (const key of KEYS) await expectDropped(reader, key, returned, { old: 'new', fresh: 'newer' });
  });

  it('serve nothing older when a server is brought back with all it holds', async () => {
    const [reader, writer] = [NEAR, {}].map((near) => members.start(listOf([0, 1]), near));
    await warm(reader, KEYS, 'old');
    for (const { client } of [reader, writer]) client.setServers(listOf([0]));
    await warm(reader, KEYS, 'old');
    await Promise.all(KEYS.map((key) => writer.cache.invalidate(key)));
    const returned = performance.now();
    for (const key of KEYS) await expectDropped(reader, key, returned);
    // The reader is the first to have it back, and reads there what nobody has told the server of.
    reader.client.setServers(listOf([0, 1]));
    const back = KEYS.filter((key) => reader.client.serverFor(key) === servers[1].address);
    await warm(reader, back, 'old');
    writer.client.setServers(listOf([0, 1]));
    while (writer.client.topology().some(({ owed }) => owed > 0)) await wait(1);
    const delivered = performance.now();
    for (const key of KEYS) await expectDropped(reader, key, delivered);
  });
});
