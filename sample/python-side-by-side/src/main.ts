import { deepEqual, equal } from 'node:assert/strict';
import { MemcachedClient } from 'nestjs-memcached/client';
import { CHAPTERS } from './chapters.js';
import { Python } from './python.js';
import { startMemcached, stopAll } from './servers.js';

const STOCK = 900;
/** Buyers of each language, who buy one after another until nothing is left. */
const BUYERS = 4;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const addresses = [await startMemcached(), await startMemcached()];
const weighted = addresses.map((address, index) => [address, index + 1] as const);
const python = new Python(weighted);
const client = new MemcachedClient({
  servers: weighted.map(([address, weight]) => `${address}=${weight}`),
  distribution: 'python-memcached',
});
say(`mc = memcache.Client(${JSON.stringify(weighted)}, debug=True)`);
say("client = new MemcachedClient({ servers, distribution: 'python-memcached' })");

try {
  for (const { title, calls, given = {}, run, reading } of CHAPTERS) {
    await startAnew(given);
    const there = await python.run(title);
    await startAnew(given);
    const here = await run(client);

    say(`\n## ${title}`);
    for (const [at, [inPython, inNode]] of calls.entries()) {
      say(`${inPython.padEnd(44)} ${JSON.stringify(there[at])}`);
      say(`${inNode.padEnd(44)} ${JSON.stringify(here[at] ?? null)}`);
    }
    const answers = here.map((answer) => answer ?? null);
    deepEqual(answers, reading === undefined ? there : reading(there));
  }

  say('\n## One stock, two languages');
  await python.run('write for node');
  const keys = Array.from({ length: 100 }, (_, at) => `python:${at}`);
  equal((await client.getMany(keys)).size, 100);
  await client.setMany(Object.fromEntries(keys.map((_, at) => [`node:${at}`, `price ${at}`])));
  const [read] = (await python.run('read of node')) as [string[]];
  equal(read.length, 100);
  const share = addresses.map((address) => keys.filter((key) => client.serverFor(key) === address).length);
  say(`each reads the 100 values of the other; of 100 keys the weights 1 and 2 hold ${share.join(' and ')}`);

  await client.set('product_count', STOCK);
  const sold = { node: 0, python: 0 };
  await Promise.all([...Array.from({ length: BUYERS }, buyHere), buyThere()]);
  equal(sold.node + sold.python, STOCK);
  equal(await client.get('product_count'), 0);
  say(`${STOCK} in stock: Node sold ${sold.node}, Python ${sold.python}, nobody the same piece twice`);

  /** Both languages begin a chapter with the same items. */
  async function startAnew(given: Readonly<Record<string, string>>): Promise<void> {
    await client.flushAll();
    await client.setMany(given);
  }

  async function buyHere(): Promise<void> {
    for (;;) {
      const item = await client.gets<number>('product_count');
      if (item === undefined || item.value === 0) return;
      if ((await client.cas('product_count', item.value - 1, item.cas)) === 'stored') sold.node += 1;
    }
  }

  async function buyThere(): Promise<void> {
    while ((await python.run('sell'))[0] !== null) sold.python += 1;
  }
} finally {
  python.close();
  await client.close();
  stopAll();
}
