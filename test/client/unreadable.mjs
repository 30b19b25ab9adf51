/*
 * Reads values that cannot be read, in every way, from a server that says the end of its reply late, never, or after the
 * caller has given up. Run with `--unhandled-rejections=strict`, so that a promise that nobody handles ends the process.
 *
 *   node unreadable.mjs LIB DIALECT END     END: `whole`, `later`, `cut`, `overdue`
 *
 * Prints what each way of reading came to, one line each.
 */
import { createServer } from 'node:net';
import { runInNewContext } from 'node:vm';
import { deflateSync } from 'node:zlib';

const [, , lib, dialect, end] = process.argv;
const { MemcachedClient } = await import(`${lib}/client/client.js`);

/** Flags of Python's zlib beside text; what does not begin with "x" is none. */
const FLAGS = 24;
const BROKEN = 'yyyyy';
const WHOLE = deflateSync('whole').toString('latin1');

/** The client's reads, each of keys of its own. */
const WAYS = {
  get: (client) => client.get('k'),
  gets: (client) => client.gets('k'),
  getMany: (client) => client.getMany(['k', 'l']),
  getsMany: (client) => client.getsMany(['k', 'l']),
  leaseGet: (client) => client.leaseGet('k', { leaseSeconds: 3 }),
  getAndTouch: (client) => client.getAndTouch('k', '5m'),
  ...(dialect === 'meta' ? { lookup: (client) => client.lookup('k') } : {}),
  'get, by a codec of the user that gives promises of another kind': (client) =>
    client.get('k', { codec: thenableCodec }),
};

/** Answers with a promise of another realm, as libraries with promises of their own do, and fails. */
const thenableCodec = {
  encode: () => ({ data: Buffer.alloc(1), flags: FLAGS }),
  decode: () => runInNewContext('Promise.reject(new Error("broken"))'),
};

const server = createServer((socket) => {
  let buffered = '';
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    buffered += bytes.toString('latin1');
    const lines = buffered.split('\r\n');
    buffered = lines.pop();
    for (const line of lines) answer(socket, line);
  });
});

function answer(socket, line) {
  const [command, key] = line.split(' ');
  if (command === 'version') socket.write(`VERSION 1.6.21\r\n`);
  else if (command === 'mn') socket.write('MN\r\n');
  else if (command === 'stats') socket.write('END\r\n');
  else if (command === 'touch') socket.write('TOUCHED\r\n');
  else if (key === 'whole') for (const part of partsOf(line, WHOLE)) socket.write(part, 'latin1');
  else if (command === 'mg' || command.startsWith('get')) say(socket, partsOf(line, BROKEN));
}

/** A reply in two: up to a point at which the client has all of the value, and the rest. */
function partsOf(line, data) {
  const [command, ...words] = line.split(' ');
  if (command === 'mg') {
    const back = words.slice(1).map((flag) => {
      const known = { O: flag, f: `f${FLAGS}`, c: 'c7', t: 't60', s: `s${data.length}`, l: 'l1', h: 'h1' };
      return known[flag[0]];
    });
    const tokens = back.filter((token) => token !== undefined).join(' ');
    return [`VA ${data.length} ${tokens}\r\n${data}`, '\r\n'];
  }
  const cas = command === 'gets' ? ' 7' : '';
  const items = words.map((key) => `VALUE ${key} ${FLAGS} ${data.length}${cas}\r\n${data}\r\n`);
  return [items.join(''), 'END\r\n'];
}

function say(socket, [first, rest]) {
  if (end === 'whole') {
    socket.write(first + rest, 'latin1');
    return;
  }
  // What has come is broken long since when the rest comes, or does not.
  const late = end === 'overdue' ? 300 : 40;
  socket.write(first, 'latin1');
  setTimeout(() => (end === 'cut' ? socket.destroy() : socket.write(rest, 'latin1')), late);
}

/** Reads what is sound, as soon as the server is trusted again; gives up in the end, and tells why. */
async function readWhole(client) {
  let problem;
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const value = await client.get('whole').catch((error) => void (problem = error.message));
    if (value !== undefined) return value;
    await new Promise((done) => setTimeout(done, 50));
  }
  return problem;
}

await new Promise((listening) => {
  server.listen(0, '127.0.0.1', listening);
});
for (const [way, read] of Object.entries(WAYS)) {
  const client = new MemcachedClient({
    servers: `127.0.0.1:${server.address().port}`,
    protocol: dialect,
    codec: 'python',
    commandTimeout: end === 'overdue' ? 100 : 5000,
  });
  const told = await read(client).then(
    (result) => (result?.failures ?? []).map(({ error }) => error.code).join() || JSON.stringify(result),
    (error) => error.code,
  );
  // Behind all that is still to come on this connection, or on the next.
  console.log(`${way}: ${told}, then ${await readWhole(client)}`);
  await client.close();
}
server.close();
