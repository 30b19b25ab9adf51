import { afterEach, describe, expect, it } from '@jest/globals';
import { MemcachedClient } from '../../lib/client/client.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';

/** What memcached adds to a text under a key of one character: header, cas token, flags, line end, key and its end. */
const OVERHEAD = 64;

/** The same for bytes, whose client flags are 0 and take no place. */
const OVERHEAD_OF_BYTES = 60;

const LIMITS: readonly (readonly [args: readonly string[], limit: number])[] = [
  [[], 1024 * 1024],
  [['-I', '2m'], 2 * 1024 * 1024],
  [['-I', '512k'], 512 * 1024],
  [['-I', '8m'], 8 * 1024 * 1024],
];

let server: RealMemcached;
let client: MemcachedClient;

afterEach(async () => {
  await client.close();
  await server.stop();
});

async function connect(args: readonly string[], protocol: 'meta' | 'classic'): Promise<void> {
  server = await startMemcached({ args });
  client = new MemcachedClient({ servers: server.address, protocol, commandTimeout: '5s' });
}

/** Stores so many bytes; says what became of it, and whether the connection goes on. */
async function store(length: number): Promise<unknown> {
  const value = 'x'.repeat(length);
  const outcome = await client.set('k', value).catch((error: { code: string }) => error.code);
  const kept = await client.get('k');
  expect(await client.set('s', length)).toBe(true);
  expect(await client.get('s')).toBe(length);
  return outcome === true ? kept === value : outcome;
}

describeReal('values around the item limit', () => {
  describe.each(LIMITS)('of a server started with %j', (args, limit) => {
    it('are stored up to its last byte, and refused above with the limit and the setting', async () => {
      await connect(args, 'meta');
      const largest = limit - OVERHEAD;
      for (const less of [1000, 100, 2, 1, 0]) expect(await store(largest - less)).toBe(true);
      for (const more of [1, 2, OVERHEAD, OVERHEAD + 1, 1000]) {
        expect(await store(largest + more)).toBe('MEMCACHED_VALUE_TOO_LARGE');
      }
      await expect(client.set('k', Buffer.alloc(limit))).rejects.toMatchObject({
        sizeBytes: limit,
        limitBytes: limit,
        message: expect.stringMatching(new RegExp(`^set "k": ${limit} bytes do not fit into ${limit}, .*-I`)),
      });
      // What was refused has not touched what was there, since nothing was sent.
      expect(await client.get('k')).toHaveLength(largest);
      expect(await client.set('k', Buffer.alloc(limit - OVERHEAD_OF_BYTES))).toBe(true);
      await expect(client.set('k', Buffer.alloc(limit - OVERHEAD_OF_BYTES + 1))).rejects.toThrow(
        /do not fit/,
      );
    });
  });

  it.each([
    ['', 1024 * 1024],
    ['512k', 512 * 1024],
  ])('are stored or refused in the classic dialect as well (-I %s)', async (size, limit) => {
    await connect(size === '' ? [] : ['-I', size], 'classic');
    expect(await store(limit - OVERHEAD)).toBe(true);
    expect(await store(limit - OVERHEAD + 1)).toBe('MEMCACHED_VALUE_TOO_LARGE');
    expect(await store(limit)).toBe('MEMCACHED_VALUE_TOO_LARGE');
  });

  it('do not grow beyond it', async () => {
    await connect(['-I', '512k'], 'meta');
    await client.set('k', 'x'.repeat(300_000));
    expect(await client.append('k', 'x'.repeat(300_000))).toBe(false);
    expect(await client.get('k')).toHaveLength(300_000);
    expect(await client.append('k', 'x'.repeat(100_000))).toBe(true);
    expect(await client.get('k')).toHaveLength(400_000);
  });
});
