/*
 * Reads small values that would come to much, each with every codec that may meet it, in a process with little memory.
 *
 *   node --max-old-space-size=256 bombs.mjs LIB
 *
 * Prints for each what it came to, the longest that the process stood still for it, and at last its peak of memory.
 */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

const [, , lib] = process.argv;
const { createCodec } = await import(`${lib}/client/codec/create-codec.js`);
const { inPlace } = await import(`${lib}/client/codec/codec.js`);
const { ReadBudget } = await import(`${lib}/client/codec/read-budget.js`);
const { readCodec } = await import(`${lib}/options/codec-options.js`);

const MIB = 1024 * 1024;

const repeated = (text, bytes) => Buffer.from(text.repeat(Math.floor(bytes / text.length)));

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const digits = repeated('9', 32 * MIB - 16);
const nested = Buffer.concat([repeated('[', 16 * MIB - 16), repeated(']', 16 * MIB - 16)]);
const objects = Buffer.from(`[${'{},'.repeat((32 * MIB) / 3 - 8)}{}]`);
const names = Buffer.from(
  `{${Array.from({ length: 3e6 }, (_, index) => `"${index.toString(36)}":0`).join()}}`,
);
const holes = Buffer.from(`[${Array(57_000).fill('["~#A",1023,{}]').join()}]`);
const manyHoles = Buffer.from(`[${'["~#A",1023,{}],'.repeat(2 * MIB - 8)}1]`);
const errors = Buffer.from(`[${'["~#E","Error",{},{}],'.repeat(1.4e6)}1]`);
const bigints = Buffer.from(`["${'9'.repeat(3e7)}","~u"]`.replace('"9', '"~g9'));
const phpArrays = repeated('a:1:{i:0;', 20 * MIB);
const phpList = Buffer.from(
  `a:1500000:{${Array.from({ length: 1.5e6 }, (_, index) => `i:${index};a:0:{}`).join('')}}`,
);
const fastlz = Buffer.concat([uint32(32 * MIB), Buffer.of(0x20, 0x41), Buffer.alloc(300, 0xff)]);
const zeros = Buffer.alloc(31 * MIB);
const v8 = Buffer.concat([Buffer.of(0xff, 0x0f, 0x41, 0xff, 0xff, 0xff, 0x0f), repeated('o{\0', 31 * MIB)]);

const zlib = (bytes) => deflateSync(bytes);
const wrapped = (flags, bytes) => Buffer.concat([uint32(flags), deflateSync(bytes)]);
const php = (bytes) => Buffer.concat([uint32(bytes.length), deflateSync(bytes)]);

/** Codec, flags, bytes. */
const BOMBS = {
  'digits in JSON, zlib': ['default', 56, zlib(digits)],
  'digits of a number, zlib': ['default', 10, zlib(digits)],
  'digits of a bigint, wrapped': ['default', 0x10_0000, wrapped(0x3_0002, digits)],
  'digits of a bigint inside': ['default', 0x10_0000, wrapped(0x1_0000, bigints)],
  'nested brackets, zlib': ['default', 56, zlib(nested)],
  'nested brackets, brotli': ['default', 0x20_0000, Buffer.concat([uint32(48), brotliCompressSync(nested)])],
  'nested brackets with tags': ['default', 0x10_0000, wrapped(0x1_0000, nested)],
  'objects, zlib': ['default', 56, zlib(objects)],
  'names, zlib': ['default', 56, zlib(names)],
  'objects, to json': ['json', 0x10_0000, wrapped(48, objects)],
  'objects, to python': ['python', 56, zlib(objects)],
  'objects, to php': ['php', 0x36, php(objects)],
  'objects, to dalli': ['dalli', 3, zlib(objects)],
  'objects, to dalli, gzip': ['dalli', 3, gzipSync(objects)],
  'objects, to npm-memcached': ['npm-memcached', 2, objects],
  'holes, as they are': ['default', 0x1_0000, holes],
  'holes, wrapped': ['default', 0x10_0000, wrapped(0x1_0000, manyHoles)],
  'errors, wrapped': ['default', 0x10_0000, wrapped(0x1_0000, errors)],
  'arrays of PHP within each other': ['php', 0x34, php(phpArrays)],
  'a list of PHP': ['php', 0x34, php(phpList)],
  'digits of PHP': ['php', 0x31, php(digits)],
  'a length of PHP with nothing behind': ['php', 0x50, fastlz],
  'digits, to python': ['python', 10, zlib(digits)],
  'digits, to npm-memcached': ['npm-memcached', 8, digits],
  'text, to spymemcached': ['spymemcached', 2, gzipSync(zeros)],
  'objects of V8, wrapped': ['v8', 0x10_0000, wrapped(0x4_0000, v8)],
};

let last = performance.now();
let standstill = 0;
const watch = setInterval(() => {
  const now = performance.now();
  standstill = Math.max(standstill, now - last);
  last = now;
}, 5);

async function read(name, work) {
  await new Promise((go) => setTimeout(go, 20));
  standstill = 0;
  const told = await work().then(
    (value) => `a value of type ${typeof value}`,
    (error) => error.code ?? `${error.name}: ${error.message}`,
  );
  await new Promise((go) => setTimeout(go, 20));
  console.log(JSON.stringify({ name, told, standstillMs: Math.round(standstill) }));
}

for (const [name, [type, flags, data]] of Object.entries(BOMBS)) {
  const codec = inPlace(createCodec(readCodec(type, 'codec')));
  await read(name, async () => codec.decodeAt(data, 0, data.length, flags, 'key'));
}
// Each within its bounds, and together far beyond what the process has: only a part of them is read.
const options = readCodec('default', 'codec');
const codec = inPlace(createCodec(options));
for (const [name, flags, data] of [
  ['500 lists of objects at once', 48, Buffer.from(`[${'{},'.repeat(250_000)}1]`)],
  ['500 bombs of zlib at once', 24, zlib(zeros)],
]) {
  const budget = new ReadBudget(options);
  await read(name, async () => {
    const all = await Promise.allSettled(
      Array.from({ length: 500 }, async () => codec.decodeAt(data, 0, data.length, flags, 'key', budget)),
    );
    const refused = all.find(({ status }) => status === 'rejected');
    throw refused.reason;
  });
}
clearInterval(watch);
console.log(JSON.stringify({ peakMB: Math.round(process.resourceUsage().maxRSS / 1024) }));
