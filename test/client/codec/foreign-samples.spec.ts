import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createCodec } from '../../../lib/client/codec/create-codec.js';
import { CodecError } from '../../../lib/errors.js';
import { readCodec, type CodecName } from '../../../lib/options/codec-options.js';

interface Stored {
  readonly case: string;
  readonly flags: number;
  readonly base64?: string;
  /** A text and how often it is repeated. */
  readonly text?: readonly [string, number];
}

interface Sample extends Stored {
  readonly client: string;
  readonly version: string;
  readonly codec: CodecName;
  readonly expected: {
    readonly json?: unknown;
    readonly text?: readonly [string, number];
    readonly bytes?: string;
    readonly bytesAsStored?: true;
    readonly bigint?: string;
    readonly date?: number;
    readonly error?: string;
  };
}

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/values.json', import.meta.url), 'utf8')) as {
  samples: Sample[];
  ambiguous: (Stored & { meant: string })[];
};

function bytesOf({ base64, text }: Stored): Buffer {
  return text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text[0].repeat(text[1]));
}

function valueOf(sample: Sample): unknown {
  const { json, text, bytes, bytesAsStored, bigint, date } = sample.expected;
  if (text !== undefined) return text[0].repeat(text[1]);
  if (bytes !== undefined) return Buffer.from(bytes, 'hex');
  if (bytesAsStored !== undefined) return bytesOf(sample);
  if (bigint !== undefined) return BigInt(bigint);
  return date === undefined ? json : new Date(date);
}

async function read(name: CodecName, stored: Stored): Promise<unknown> {
  return createCodec(readCodec(name, 'codec')).decode(bytesOf(stored), stored.flags, 'key');
}

describe.each([...new Set(fixture.samples.map(({ client, version }) => `${client} ${version}`))])(
  'what %s stored',
  (writer) => {
    const samples = fixture.samples.filter(({ client, version }) => `${client} ${version}` === writer);

    it.each(samples.map((sample) => [sample.case, sample] as const))(
      'is read as it was meant: %s',
      async (_, sample) => {
        const value = read(sample.codec, sample);
        if (sample.expected.error === undefined) {
          await expect(value).resolves.toStrictEqual(valueOf(sample));
        } else {
          await expect(value).rejects.toThrow(CodecError);
          await expect(value).rejects.toThrow(sample.expected.error);
        }
      },
    );
  },
);

describe('the default codec, told nothing about who wrote', () => {
  it.each(
    fixture.samples.map((sample) => [`${sample.client} ${sample.case} (${sample.flags})`, sample] as const),
  )('reads it right, as bytes, or not at all: %s', async (_, sample) => {
    const value = await read('default', sample).catch((error: unknown) => error);
    if (value instanceof CodecError) {
      expect(value.message).not.toContain('hello');
    } else if (sample.flags === 0) {
      expect(value).toEqual(bytesOf(sample));
    } else {
      expect(value).toStrictEqual(valueOf(sample));
    }
  });
});

describe('values whose flags mean different things to different clients', () => {
  const stored = (name: string): Stored => {
    const found = fixture.ambiguous.find((sample) => sample.case === name);
    if (found === undefined) throw new Error(`no sample ${name}`);
    return found;
  };

  it.each<[string, CodecName, unknown]>([
    ['num0', 'python', Buffer.from('42')],
    ['num0', 'php', '42'],
    ['py_int', 'python', 42],
    ['py_int', 'npm-memcached', 42],
    ['py_long', 'python', 42],
    ['py_long', 'dalli', '42'],
    ['py_long', 'npm-memcached', Buffer.from('42')],
    ['py_text_zlib', 'python', 'abc'.repeat(500)],
    ['py_zlib_bytes', 'python', Buffer.from('abc'.repeat(500))],
    ['npm_json', 'npm-memcached', { a: 1 }],
    ['npm_num', 'npm-memcached', 42],
    ['dalli_zlib', 'dalli', 'abc'.repeat(500)],
    ['dalli_json', 'dalli', { a: 1 }],
    ['php_json', 'php', { a: 1 }],
    ['php_zlib', 'php', 'abc'.repeat(500)],
    ['php_double', 'php', 3.5],
    ['spy_int', 'spymemcached', 42],
    ['spy_gzip', 'spymemcached', 'abc'.repeat(500)],
  ])('%s is read by the codec %s as its client reads it', async (name, codec, value) => {
    await expect(read(codec, stored(name))).resolves.toStrictEqual(value);
  });

  it.each<[string, CodecName, string]>([
    ['npm_json', 'python', 'not a whole number'],
    ['npm_num', 'python', 'not zlib'],
    ['py_text', 'dalli', "a value of codec 'python'"],
    ['py_text', 'php', "a value of codec 'python'"],
    ['spy_int', 'default', "codec 'spymemcached'"],
    ['php_json', 'default', "codec 'php'"],
    ['dalli_json', 'default', "codec 'dalli'"],
  ])('%s is refused by the codec %s, which says why', async (name, codec, message) => {
    await expect(read(codec, stored(name))).rejects.toThrow(message);
  });
});
