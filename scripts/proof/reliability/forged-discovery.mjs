/* Lists of servers as a hostile endpoint, name server or registry gives them. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import * as fc from 'fast-check';

const CONFIG = '12\nhost-1|10.0.0.1|11211 host-2|10.0.0.2|11211 host-3|10.0.0.3|11211\n';

/** An attempt of discovery takes at least a second before it is given up. */
const LIMIT_MS = 15_000;

const texts = fc.oneof(
  fc
    .tuple(fc.array(fc.tuple(fc.nat(CONFIG.length), fc.string({ maxLength: 3 })), { maxLength: 4 }))
    .map(([changes]) =>
      changes.reduce((text, [at, by]) => text.slice(0, at) + by + text.slice(at + by.length), CONFIG),
    ),
  fc.string({ maxLength: 200 }),
  fc.integer({ min: 0, max: 10_000 }).map((count) => `1\n${'h|1.1.1.1|1 '.repeat(count)}\n`),
  fc
    .integer({ min: 990, max: 3000 })
    .map((count) =>
      ['1', Array.from({ length: count }, (_, index) => `h${index}||11211`).join(' ')].join('\n'),
    ),
);

const lists = fc.oneof(
  fc.anything(),
  fc.array(fc.anything(), { maxLength: 3 }),
  fc.array(fc.string({ maxLength: 30 }), { maxLength: 5 }),
  fc.array(fc.record({ host: fc.anything(), port: fc.anything(), weight: fc.anything() }), { maxLength: 2 }),
);

export async function forgedDiscovery({ MemcachedClient }, count, found) {
  let text = CONFIG;
  const endpoint = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (asked) => {
        for (const line of String(asked).split('\r\n').slice(0, -1)) socket.write(answer(line, text));
      });
  }).listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  const elasticache = { type: 'elasticache', endpoint: `127.0.0.1:${endpoint.address().port}` };
  const half = Math.ceil(count / 2);
  for (let seed = 1; seed <= half; seed += 1) {
    [text] = fc.sample(texts, { numRuns: 1, seed });
    await nextTurn();
    await discover(
      MemcachedClient,
      elasticache,
      found,
      `an endpoint that says ${JSON.stringify(text.slice(0, 200))}`,
    );
  }
  for (let seed = 1; seed <= count - half; seed += 1) {
    const [list] = fc.sample(lists, { numRuns: 1, seed });
    await nextTurn();
    await discover(MemcachedClient, () => list, found, 'a function');
  }
  await new Promise((resolve) => void endpoint.close(resolve));
}

/** What is forged is made in turns of its own: they are not those of the library. */
const nextTurn = () => new Promise((resolve) => void setImmediate(resolve));

function answer(line, text) {
  if (line === 'version') return 'VERSION 1.6.18\r\n';
  if (line !== 'config get cluster') return 'ERROR\r\n';
  return `CONFIG cluster 0 ${Buffer.byteLength(text)}\r\n${text}\r\nEND\r\n`;
}

/** A list is taken, or refused as it may be; nothing else comes of it. */
async function discover(MemcachedClient, discovery, found, what) {
  found.tried += 1;
  const client = new MemcachedClient({ discovery, connectTimeout: '2s', commandTimeout: '2s' });
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, LIMIT_MS, 'late');
  });
  const told = new Promise((resolve) => {
    client.once('servers', () => resolve('taken'));
    client.once('discoveryFailed', (error) => resolve(error));
  });
  // An empty list changes nothing, and nobody is told.
  const outcome = await Promise.race([
    told,
    client.get('k').then(
      () => 'taken',
      (error) => error,
    ),
    late,
  ]);
  clearTimeout(timer);
  await nextTurn();
  if (outcome === 'late') found.complain(`${what.slice(0, 200)}: nothing came of it`);
  if (outcome !== 'taken') found.refused += 1;
  await client.close();
}
