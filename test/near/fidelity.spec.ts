import { deepStrictEqual } from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { assert as assertProperty } from 'fast-check';
import { inBytes, type Codec, type Encoded } from '../../lib/client/codec/codec.js';
import { createCodec } from '../../lib/client/codec/create-codec.js';
import type { CacheEntry } from '../../lib/cache/store.js';
import type { KeptAs, KeptValue } from '../../lib/near/kept-value.js';
import { type CodecOption, readCodec } from '../../lib/options/codec-options.js';
import { EntryCodec } from '../../lib/store/entry-codec.js';
import { everything } from '../support/any-value.js';

/** What a near cache keeps of a value that was stored and read, and the value as it was read. */
async function kept(codec: Codec, value: unknown, as: KeptAs): Promise<[KeptValue | undefined, unknown]> {
  const entries = new EntryCodec(codec).keeping(as);
  const encoded: Encoded = await entries.encode({ value, tags: [], kind: 'value' }, 'key');
  const { data, flags } = inBytes(encoded);
  // As from a socket: a view that is overwritten once the value has been read.
  const socketBuffer = Buffer.from(data);
  const reading = entries.decodeAt(socketBuffer, 0, socketBuffer.length, flags, 'key');
  if (!(reading instanceof Promise)) socketBuffer.fill(0xff);
  const entry = (await reading) as CacheEntry;
  return [entry.kept, entry.value];
}

function codecOf(option: CodecOption): Codec {
  return createCodec(readCodec(option, 'codec'));
}

const CODECS: Record<string, CodecOption> = {
  default: 'default',
  'compressed by zlib': { type: 'default', compressOverBytes: 10, compression: 'zlib' },
  sealed: { type: 'default', seal: { keys: [{ id: 'now', key: 'ab'.repeat(32) }] } },
};

describe.each(Object.entries(CODECS))('a near hit equals a miss, codec %s', (_name, option) => {
  const codec = codecOf(option);

  it.each<KeptAs>(['same', 'copy'])('for anything, share: %s', async (as) => {
    await assertProperty(
      fc.asyncProperty(everything, async (value) => {
        const [keeping, read] = await kept(codec, { value }, as);
        deepStrictEqual(keeping?.take(), read);
        deepStrictEqual(keeping?.take(), { value });
      }),
      { numRuns: 150 },
    );
  });

  it('and nobody writes into what another gets', async () => {
    const value = { list: [{ n: 1 }, [2]], at: { deep: { er: 'text' } }, when: new Date(7) };
    for (const each of [value, { ...value, when: 7 }]) {
      const [keeping] = await kept(codec, each, 'copy');
      const taken = keeping?.take() as typeof value;
      taken.list.push([3]);
      (taken.list[0] as { n: number }).n = 9;
      taken.at.deep.er = 'changed';
      expect(keeping?.take()).toStrictEqual(each);
    }
  });
});

describe('what a near cache is not given', () => {
  it.each([7, 7n, '12', '0', 12_345_678_901_234_567_890n])('is a counter, such as %p', async (value) => {
    expect((await kept(codecOf('default'), value, 'copy'))[0]).toBeUndefined();
    expect((await kept(codecOf('default'), value, 'same'))[0]).toBeUndefined();
  });

  it('is a counter, whatever its codec reads it as', async () => {
    expect((await kept(codecOf('raw'), Buffer.from('12 '), 'copy'))[0]).toBeUndefined();
    expect((await kept(codecOf('raw'), Buffer.from('12a'), 'copy'))[0]?.take()).toEqual(Buffer.from('12a'));
  });

  it('is told when it is encrypted where it is stored', async () => {
    const [keeping] = await kept(codecOf(CODECS.sealed), { a: 1 }, 'copy');
    expect(keeping?.isSealed).toBe(true);
  });
});
