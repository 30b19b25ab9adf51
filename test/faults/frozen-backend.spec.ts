import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import type { ManyResult } from '../../lib/client/many-result.js';
import { startTwemproxy, type Twemproxy } from '../../scripts/twemproxy.mjs';
import { sendRaw } from '../support/raw-commands.js';
import { startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { describeTwemproxy } from '../support/twemproxy.js';

jest.setTimeout(60_000);

/** How long the proxy waits for a backend, which it does once for each command line of many keys, and for `version`. */
const PROXY_TIMEOUT_MS = 500;

const COMMAND_TIMEOUT_MS = 2 * PROXY_TIMEOUT_MS;

/** More than a proxy is sent at a time. */
const KEYS = Array.from({ length: 1000 }, (_, index) => `${index}:product`);

const NAMES = ['one', 'two', 'three'];

describeTwemproxy('a server that stands still behind twemproxy', () => {
  let backends: RealMemcached[];
  let proxy: Twemproxy;
  let client: MemcachedClient;

  beforeEach(async () => {
    backends = await Promise.all(NAMES.map(() => startMemcached()));
    proxy = await startTwemproxy(
      backends.map(({ address }) => address),
      PROXY_TIMEOUT_MS,
      NAMES,
    );
    client = new MemcachedClient({ servers: proxy.address, commandTimeout: COMMAND_TIMEOUT_MS });
    expect((await client.setMany(KEYS.map((key) => [key, key]))).failures).toEqual([]);
  });
  afterEach(async () => {
    await client.close();
    await proxy.stop();
    await Promise.all(backends.map((backend) => backend.stop()));
  });

  /** Stops one of them. @returns the keys that the others hold. */
  async function freeze(name: string): Promise<string[]> {
    const frozen = backends[NAMES.indexOf(name)];
    const there = await sendRaw(frozen, `get ${KEYS.join(' ')}\r\n`);
    await frozen.pause();
    return KEYS.filter((key) => !there.includes(`VALUE ${key} `));
  }

  /** Of all the keys just those have an answer; the others failed, each by a refusal of its own. */
  function expectAnswers(result: ManyResult<unknown>, keys: readonly string[]): void {
    expect([...result.keys()].sort()).toEqual([...keys].sort());
    const failed = result.failures.flatMap((failure) => failure.keys);
    expect(failed.sort()).toEqual(KEYS.filter((key) => !keys.includes(key)).sort());
    for (const { error } of result.failures) expect(error).toMatchObject({ code: 'MEMCACHED_SERVER' });
  }

  // One of them is who answers `version`.
  it.each(NAMES)('fails none of the keys of the others when many are read (server %s)', async (name) => {
    const others = await freeze(name);
    expect(others.length).toBeLessThan(KEYS.length);
    expectAnswers(await client.getMany(KEYS), others);
    expectAnswers(await client.getsMany(KEYS), others);
  });

  it('fails none of the keys of the others when many are written', async () => {
    const others = await freeze('two');
    expectAnswers(await client.setMany(KEYS.map((key) => [key, 'new'])), others);
    expectAnswers(await client.deleteMany(KEYS), others);
  });
});
