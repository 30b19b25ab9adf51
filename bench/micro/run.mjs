/* The parts of the library alone, by mitata: what they cost without a server, a socket or a promise. */
import { bench, boxplot, do_not_optimize, group, run, summary } from 'mitata';
import { createPlacement } from '../../dist/cluster/distribution/distribution.js';
import { createDefaultCodec } from '../../dist/client/codec/default-codec.js';
import { encodeClassic } from '../../dist/protocol/classic.js';
import { encodeMeta } from '../../dist/protocol/meta.js';
import { Opaques } from '../../dist/protocol/opaques.js';
import { ReplyParser } from '../../dist/protocol/reply-parser.js';
import { Request } from '../../dist/protocol/request.js';
import { makeData, recordOf, textOf } from '../measure/data.mjs';

const KEYS = 1024;
const { keys } = makeData(KEYS, 'text', 100);
const values = keys.map((_, index) => textOf(100, index));

/** Counts up, around and around. */
function turn() {
  let index = 0;
  return () => (index = (index + 1) % KEYS);
}

group('parser: 64 replies', () => {
  const chunks = {
    'VA f O, 100 bytes': (index) => `VA 100 f16 O${index}\r\n${values[index]}\r\n`,
    'VA f c t O, 100 bytes': (index) => `VA 100 f16 c${index + 1e9} t300 O${index}\r\n${values[index]}\r\n`,
    'VALUE, 100 bytes': (index) => `VALUE ${keys[index]} 16 100\r\n${values[index]}\r\n`,
    'HD O': (index) => `HD O${index}\r\n`,
    'EN O': (index) => `EN O${index}\r\n`,
  };
  for (const [name, reply] of Object.entries(chunks)) {
    const chunk = Buffer.from(Array.from({ length: 64 }, (_, index) => reply(index)).join(''));
    let replies = 0;
    const parser = new ReplyParser(() => (replies += 1));
    bench(name, () => {
      parser.push(chunk);
      return do_not_optimize(replies);
    });
  }
});

group('encoder: one request', () => {
  const requests = (kind, fill = () => undefined) =>
    keys.map((key, index) => {
      const request = new Request(kind, key, () => undefined);
      request.keyIsChecked = true;
      fill(request, index);
      return request;
    });
  const store = (request, index) =>
    Object.assign(request, { data: Buffer.from(values[index]), flags: 16, exptime: 300 });
  const opaques = Opaques.random();
  const meta = (request) => encodeMeta(request, opaques);
  const shapes = {
    'mg (get)': [meta, requests('get')],
    'mg with a lease': [meta, requests('lease-get', (request) => (request.leaseSeconds = 10))],
    'ms (set)': [meta, requests('set', store)],
    'classic get': [encodeClassic, requests('get')],
    'classic set': [encodeClassic, requests('set', store)],
  };
  for (const [name, [encode, list]] of Object.entries(shapes)) {
    const next = turn();
    // The line is joined with others and written, which is when its text is really put together.
    const sink = Buffer.alloc(1024);
    bench(name, () => do_not_optimize(sink.latin1Write(encode(list[next()]), 0)));
  }
});

group('which of 100 servers', () => {
  const servers = Array.from({ length: 100 }, (_, index) => ({
    host: `10.0.0.${index}`,
    port: 11211,
    weight: 1,
  }));
  for (const name of [
    'ketama',
    'python-memcached',
    'rendezvous',
    'twemproxy-ketama',
    'npm-memcached',
    'memjs',
  ]) {
    const placement = createPlacement(name, servers);
    const next = turn();
    bench(name, () => do_not_optimize(placement.indexFor(keys[next()])));
  }
});

group('a ring of 100 servers, built', () => {
  const servers = Array.from({ length: 100 }, (_, index) => ({
    host: `10.0.0.${index}`,
    port: 11211,
    weight: 1,
  }));
  bench('ketama', () => do_not_optimize(createPlacement('ketama', servers)));
});

boxplot(() => {
  summary(() => {
    const codec = createDefaultCodec();
    const record = recordOf(7);
    const cases = {
      'text, 100 bytes': values[7],
      'a number': 1234,
      'JSON, 1 KB': record,
      'bytes, 10 KB': Buffer.alloc(10_240, 1),
    };
    for (const [name, value] of Object.entries(cases)) {
      const { data, flags } = codec.encode(value, 'key');
      bench(`codec, encode ${name}`, () => do_not_optimize(codec.encode(value, 'key')));
      bench(`codec, decode ${name}`, () => do_not_optimize(codec.decode(data, flags, 'key')));
    }
    const text = JSON.stringify(record);
    bench('bare JSON, stringify and bytes', () => do_not_optimize(Buffer.from(JSON.stringify(record))));
    bench('bare JSON, text and parse', () => do_not_optimize(JSON.parse(Buffer.from(text).toString())));
  });
});

await run({ colors: process.stdout.isTTY });
