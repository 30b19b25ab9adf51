/*
 * How long a way a call takes through `lib/`: how many files it passes, and how often it goes from one to another. Who reads
 * the code to find out what a call does takes the same way.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ROOT } from './command.mjs';
import { openShop } from './walks/shop.mjs';
import { stepped } from './walks/stepped.mjs';

const HELP = `npm run walks -- [options]

  --only PART  only the calls whose name contains PART
  --path       also prints each way, a line for every stay in a file
  --help       this text
`;

/** What a call leaves to be done behind its answer, and the timers that it has set, are part of its way. */
const AFTERWARDS_MS = 30;

const { only, path: showsPath } = readOptions();
const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-walks-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const lib = join(ROOT, 'lib');
for (const file of readdirSync(lib, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts')) continue;
  const to = join(folder, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, stepped(file, readFileSync(join(lib, file), 'utf8')));
}
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));

/** Steps since a walk has begun; undefined between walks. @type {[file: string, name: string][] | undefined} */
let walk;
globalThis.step = (file, name) => {
  // The embedded servers are in this process, and no part of the way.
  if (walk !== undefined && !file.startsWith('testing/')) walk.push([file, name]);
};

const load = (file) => import(pathToFileURL(join(folder, file)).href);
const { MemcachedServer } = await load('testing/index.js');
const servers = await Promise.all([1, 2, 3].map(() => MemcachedServer.start()));
const shop = await openShop(
  await load('index.js'),
  servers.map(({ address }) => address),
);
const { products, memcached, health, page } = shop;
const keys = Array.from({ length: 12 }, (_, index) => `key:${index}`);

/** Each is done once before it counts, so that what happens only once is no part of it. */
const CALLS = [
  ['`client.get`', () => memcached.client.get('key:1')],
  ['`service.get`', () => memcached.get('key:1')],
  ['`service.getMany` of 12 keys on 3 servers', () => memcached.getMany(keys)],
  ['`@Cacheable`, hit', () => products.find(1)],
  ['`@Cacheable`, miss with a lease', (turn) => products.find(`missing:${turn}`)],
  ['`@HttpCache`, hit', () => page(1)],
  ['`@HttpCache`, miss', (turn) => page(`missing:${turn}`)],
  ['`clusterCheck`', () => health.clusterCheck('memcached')],
];

await memcached.setMany(Object.fromEntries(keys.map((key, index) => [key, index])));
process.stdout.write('| call | files | moves |\n| --- | ---: | ---: |\n');
for (const [name, call] of CALLS) await show(name, call);

const [lost] = servers;
await lost.close();
const theirs = keys.find((key) => memcached.serverFor(key) === lost.address) ?? 'key';
while (memcached.topology().every(({ state }) => state === 'up')) await memcached.get(theirs);
await show('`invalidate` of a key whose server is away', () => memcached.invalidate(theirs));

process.removeAllListeners('warning');
process.on('warning', () => {}); // that the invalidations were not delivered
await shop.close();
await Promise.all(servers.map((server) => server.close()));

async function show(name, call) {
  if (!name.includes(only)) return;
  await call('first');
  await sleep(AFTERWARDS_MS);
  walk = [];
  await call('second');
  await sleep(AFTERWARDS_MS);
  const steps = walk;
  walk = undefined;
  const stays = [];
  for (const [file, step] of steps) {
    if (stays.at(-1)?.file !== file) stays.push({ file, steps: [] });
    stays.at(-1).steps.push(step);
  }
  const files = new Set(stays.map(({ file }) => file)).size;
  process.stdout.write(`| ${name} | ${files} | ${stays.length - 1} |\n`);
  if (!showsPath) return;
  for (const stay of stays) process.stdout.write(`    ${stay.file}: ${stay.steps.join(' ')}\n`);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: '' },
        path: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit();
    }
    return values;
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${HELP}`);
    return process.exit(1);
  }
}
