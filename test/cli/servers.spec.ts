import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { startTwemproxy } from '../../scripts/twemproxy.mjs';
import { MemcachedClient } from '../../lib/client/client.js';
import { DISTRIBUTION_NAMES } from '../../lib/cluster/distribution/distribution.js';
import { randomText } from '../../lib/client/random-text.js';
import { certificates } from '../support/certificates.js';
import { describeReal, startMemcached, type RealMemcached } from '../support/real-memcached.js';
import { describeTwemproxy } from '../support/twemproxy.js';
import { compileProgram, type Program, rowsOf } from './support/program.js';

// Each call is a process of its own.
jest.setTimeout(60_000);

let program: Program;
beforeAll(() => {
  program = compileProgram();
});
afterAll(() => program.remove());

/** An address where nobody listens. */
async function nobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

describeReal('the command line, on two servers and one that is dead', () => {
  let first: RealMemcached;
  let second: RealMemcached;
  let dead: string;
  let servers: string;
  let client: MemcachedClient;

  beforeAll(async () => {
    [first, second, dead] = await Promise.all([startMemcached(), startMemcached(), nobody()]);
    servers = `${first.address},${second.address}=2`;
    client = new MemcachedClient({ servers, keyPrefix: 'shop:' });
    for (let index = 0; index < 30; index += 1)
      await client.set(`product:${index}`, 'x'.repeat(100), { ttl: '1h' });
    await client.get('product:1');
    await client.get('nothing');
  });
  afterAll(async () => {
    await client.close();
    await Promise.all([first.stop(), second.stop()]);
  });

  it('shows what the servers say in a line each, and why one says nothing', async () => {
    const { code, out, err } = await program.run(['stats', '-s', `${servers},${dead}`]);
    const lines = out.trimEnd().split('\n');
    expect([code, err]).toEqual([1, '']);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^SERVER +WEIGHT +VERSION +UPTIME +ITEMS +MEMORY +FULL +GETS +HITS/);
    expect(lines[1]).toMatch(new RegExp(`^${first.address} +1  1\\.\\d`));
    expect(lines[2]).toMatch(new RegExp(`^${second.address} +2  1\\.\\d`));
    expect(lines[3]).toMatch(new RegExp(`^${dead}  cannot connect: .*ECONNREFUSED`));
  });

  it('gives the same to programs, under the names of memcached', async () => {
    const ended = await program.run(['stats', '--json'], { MEMCACHED_SERVERS: `${servers},${dead}` });
    const rows = rowsOf(ended);
    expect(ended.code).toBe(1);
    expect(rows.map(({ server }) => server)).toEqual([first.address, second.address, dead]);
    expect(rows[0].curr_items + rows[1].curr_items).toBe(30);
    expect(rows[0].pid).toBe(first.pid);
    expect(rows[2]).toEqual({
      server: dead,
      error: { code: 'MEMCACHED_CONNECTION', message: expect.any(String) },
    });
  });

  it.each(['general', 'settings', 'items', 'slabs', 'conns', 'sizes'])(
    'shows all figures of %s',
    async (group) => {
      const [text, json] = await Promise.all([
        program.run(['stats', group, '-s', servers]),
        program.run(['stats', group, '-s', servers, '--json']),
      ]);
      expect([text.code, json.code]).toEqual([0, 0]);
      for (const { address } of [first, second]) {
        expect(text.out).toContain(address);
        expect(rowsOf(json).some((row) => row.server === address)).toBe(true);
      }
      const figures = Object.keys(rowsOf(json)[0]).filter((name) => name !== 'server' && name !== 'id');
      for (const figure of figures) expect(text.out).toContain(figure);
    },
  );

  it('pings, and says how long it takes', async () => {
    const { code, out } = await program.run(['ping', '-s', servers, '--count', '3']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`${first.address} +1\\.\\S+ +meta +[\\d.]+ ms +[\\d.]+ ms +0\n`));
    const rows = rowsOf(await program.run(['ping', '-s', `${dead},${servers}`, '--json']));
    expect(rows[0]).toMatchObject({ server: dead, error: { code: 'MEMCACHED_CONNECTION' }, lost: 5 });
    const table = await program.run(['ping', '-s', dead, '--count', '2']);
    expect(table.out).toMatch(/ECONNREFUSED.* \(LOST 2 of 2\)$/m);
    expect(rows[2]).toMatchObject({
      server: second.address,
      weight: 2,
      milliseconds: { p50: expect.any(Number) },
    });
  });

  it('counts answers that it did not get, though the last one has come', async () => {
    let asked = 0;
    const flaky = createServer((socket) => {
      socket.on('data', (data) => {
        for (const line of data.toString('latin1').split('\r\n')) {
          if (line === 'version') asked += 1;
          if (line === 'mn') socket.write('MN\r\n');
          else if (line === 'version' && asked === 4) socket.destroy();
          else if (line === 'version') socket.write('VERSION 1.6.38\r\n');
          else if (line.startsWith('stats')) socket.write('END\r\n');
        }
      });
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(flaky, 'listening');
    const { port } = flaky.address() as { port: number };
    try {
      const words = ['ping', '-s', `127.0.0.1:${port}`, '-t', '300ms', '--json', '--count', '8'];
      const ended = await program.run(words);
      expect([ended.code, rowsOf(ended)[0].lost]).toEqual([1, expect.any(Number)]);
      expect(rowsOf(ended)[0].lost).toBeGreaterThan(0);
    } finally {
      flaky.close();
    }
  });

  it('names the server of a key as the client does, under every distribution', async () => {
    const keys = ['user:1', 'naïve', 'with blank', 'product:3'];
    const words = ['which', ...keys, '-s', `${servers},${dead}=3`, '-p', 'shop:', '--all', '--json'];
    const rows = rowsOf(await program.run(words));
    expect(rows).toHaveLength(14 * keys.length);
    for (const distribution of DISTRIBUTION_NAMES.filter((name) => name !== 'modulo')) {
      await using other = new MemcachedClient({
        servers: `${servers},${dead}=3`,
        distribution,
        keyPrefix: 'shop:',
      });
      const told = rows.filter((row) => row.distribution === distribution);
      expect(told.map(({ server }) => server)).toEqual(keys.map((key) => other.serverFor(key)));
      const [one] = rowsOf(
        await program.run([...words.slice(0, 2), ...words.slice(5, 9), '-d', distribution, '--json']),
      );
      expect(one).toMatchObject({ key: 'user:1', server: other.serverFor('user:1'), distribution });
    }
    const table = await program.run(words.slice(0, -1));
    expect(table.out.split('\n')[0]).toMatch(/^DISTRIBUTION +user:1 +naïve +with blank +product:3$/);
    expect(table.out).toMatch(/^memjs .* ignores weights$/m);
  });

  it('says what of a key is hashed, and as what other clients know it', async () => {
    const tagged = '{"type":"twemproxy-ketama","hashTag":"{}"}';
    const [one] = rowsOf(
      await program.run(['which', '{user:1}:cart', '-s', servers, '-p', 'shop:', '-d', tagged, '-j']),
    );
    expect(one).toMatchObject({
      wire: 'shop:{user:1}:cart',
      hashed: 'user:1',
      distribution: 'twemproxy-ketama',
    });
    expect(new Set([one.server, one.standIn])).toEqual(new Set([first.address, second.address]));
    const { out } = await program.run(['which', 'two words', '-s', servers]);
    expect(out).toMatch(/on the wire +two\\xff\S{43} \(encoded: memcached takes no such key\)/);
    expect(out).toMatch(/server +127\.0\.0\.1:\d+ \(weight \d, \d\d\.\d % of the weights\)/);
  });

  it('looks at an item without its value', async () => {
    const words = ['which', 'product:1', 'gone', '-s', servers, '-p', 'shop:', '--look'];
    const [there, gone] = rowsOf(await program.run([...words, '--json']));
    expect(there.item).toMatchObject({ there: true, size: 100, readBefore: true, stale: false });
    expect(there.item.ttl).toBeGreaterThan(3_000_000);
    expect(gone.item).toEqual({ there: false });
    const text = await program.run(words);
    expect(text.out).toMatch(/item +100 B, flags \d+, \d+m( \d+s)? left, last read \d+[ms]( \d+s)? ago/);
    expect(text.out).toMatch(/item +not there/);
    expect(text.out).not.toContain('xxx');
    const classic = rowsOf(await program.run([...words, '--json', '--protocol', 'classic']));
    expect(classic[0].item).toEqual({ there: true, size: 100, flags: expect.any(Number) });
    const away = await program.run(['which', 'product:1', '-s', dead, '--look']);
    expect([away.code, away.out]).toEqual([1, expect.stringMatching(/item +.*ECONNREFUSED/)]);
  });

  it('looks at an item on the server that it names, and on no other', async () => {
    const key = Array.from({ length: 30 }, (_, index) => `product:${index}`).find(
      (each) => client.serverFor(each) === first.address,
    )!;
    const words = ['which', key, '-s', servers, '-p', 'shop:', '--look', '--json'];
    const [out] = rowsOf(await program.run([...words, '--down', first.address]));
    expect(out).toMatchObject({ server: second.address, item: { there: false } });
    const [own] = rowsOf(await program.run(words));
    expect(own).toMatchObject({ server: first.address, item: { there: true } });
    const both = await program.run([...words, '--all']);
    expect([both.code, both.err]).toEqual([2, expect.stringContaining('--look asks one server')]);
  });

  it.each([
    ['ketama', 'ketama'],
    ['modulo', 'python-memcached'],
  ])('shows under every distribution what was said of %s', async (type, row) => {
    const tagged = JSON.stringify({ type, hashTag: '{}' });
    const words = Array.from({ length: 8 }, (_, index) => `{user:${index}}:cart`);
    const common = ['-s', servers, '-d', tagged, '--json'];
    const one = rowsOf(await program.run(['which', ...words, ...common]));
    const all = rowsOf(await program.run(['which', ...words, ...common, '--all']));
    const told = all.filter(({ distribution }) => distribution === row);
    expect(told.map(({ server }) => server)).toEqual(one.map(({ server }) => server));
  });

  it.each([
    ['caf\ufffd', 'caf\ufffd', false],
    ['商'.repeat(100), /^商{68}\\xe5\\x95\\xff[\w-]{43}$/, true],
    ['two words', /^two\\xff[\w-]{43}$/, true],
  ])('shows %s as it stands on the wire', async (key, wire, encoded) => {
    const [told] = rowsOf(await program.run(['which', key, '-s', servers, '--json']));
    expect(told).toMatchObject({
      wire: typeof wire === 'string' ? wire : expect.stringMatching(wire),
      encoded,
    });
  });

  it('draws how the keys are shared, and who takes over', async () => {
    const shares = rowsOf(await program.run(['ring', '-s', servers, '--sample', '3000', '--json']));
    expect(shares.map(({ weightShare }) => weightShare)).toEqual([1 / 3, 2 / 3]);
    expect(shares.reduce((sum, { keyShare }) => sum + keyShare, 0)).toBeCloseTo(1);
    const { code, out } = await program.run(['ring', '-s', servers, '--down', second.address]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^${first.address} +1 +100\\.0 % +100\\.0 % +\\+0\\.0 %  █{30}$`, 'm'));
    expect(out).toMatch(new RegExp(`^${second.address}  out$`, 'm'));
    expect(out).toMatch(/^MOVED \d\d\.\d % of the keys$/m);
  });

  it('lists keys, a dead server costing its part alone', async () => {
    const all = await program.run(['keys', '-s', `${dead},${servers}`, '-p', 'shop:', '-d', 'rendezvous']);
    expect(all.code).toBe(1);
    expect(all.err).toMatch(new RegExp(`^${dead}: cannot connect`, 'm'));
    expect(all.out.trimEnd().split('\n').toSorted()).toEqual(
      Array.from({ length: 30 }, (_, index) => `product:${index}`).toSorted(),
    );
    const some = await program.run(['keys', '-s', servers, '--limit', '3']);
    expect([some.code, some.out]).toEqual([0, expect.stringMatching(/^(shop:product:\d+\n){3}$/)]);
    const one = rowsOf(
      await program.run(['keys', '-s', servers, '-p', 'shop:', '--server', first.address, '-j']),
    );
    expect(one.length).toBeGreaterThan(0);
    for (const { key, server, owner } of one) {
      expect([server, owner]).toEqual([first.address, client.serverFor(key)]);
    }
  });

  it('takes nothing for misplaced whose bytes do not tell its server, and nothing that each server has', async () => {
    const [one, two] = await Promise.all([startMemcached(), startMemcached()]);
    try {
      const list = `${one.address},${two.address}`;
      await using shop = new MemcachedClient({ servers: list, keyPrefix: 'shop:' });
      const names = Array.from({ length: 20 }, (_, index) => `search ${index}`);
      for (const name of names) await shop.set(name, 'x');
      for (const server of [one, two]) {
        await using alone = new MemcachedClient({ servers: server.address, keyPrefix: 'shop:' });
        await alone.epochs.addMark(server.address, randomText(), 60);
        for (const shard of [1, 17]) await alone.epochs.addEpoch(server.address, shard, randomText());
        // Another client's key, in Latin-1.
        const socket = connect(Number(server.address.split(':')[1]), '127.0.0.1');
        socket.write(Buffer.from('set caf\xe9 0 0 1\r\nx\r\n', 'latin1'));
        await once(socket, 'data');
        socket.destroy();
      }
      for (const prefix of [[], ['-p', 'shop:']])
        expect(await program.run(['keys', '-s', list, ...prefix, '--misplaced'])).toMatchObject({
          code: 0,
          out: '',
        });
      const rows = rowsOf(await program.run(['keys', '-s', list, '--json']));
      const encoded = rows.filter(({ key }) => /^shop:search\\xff[\w-]{43}$/.test(key));
      expect(encoded.map(({ owner }) => owner)).toEqual(names.map(() => null));
      expect(rows.filter(({ key }) => key === 'caf\\xe9')).toHaveLength(2);
    } finally {
      await Promise.all([one.stop(), two.stop()]);
    }
  });

  it('takes a value for misplaced that is called as what near caches keep', async () => {
    const [one, two] = await Promise.all([startMemcached(), startMemcached()]);
    try {
      const list = `${one.address},${two.address}`;
      await using both = new MemcachedClient({ servers: list });
      await using alone = new MemcachedClient({ servers: one.address });
      const names = ['~near', '~epoch:7'].flatMap((end) =>
        Array.from({ length: 10 }, (_, index) => `user:${index}${end}`),
      );
      for (const name of names) await alone.set(name, 'x');
      const rows = rowsOf(await program.run(['keys', '-s', list, '--misplaced', '--json']));
      const wrong = names.filter((name) => both.serverFor(name) === two.address);
      expect(rows).toHaveLength(wrong.length);
      expect(new Set(rows.map(({ key }) => key))).toEqual(new Set(wrong));
    } finally {
      await Promise.all([one.stop(), two.stop()]);
    }
  });

  it('goes on listing behind an item that is called as the prefix is', async () => {
    const server = await startMemcached();
    try {
      await using sessions = new MemcachedClient({ servers: server.address });
      await sessions.set('session', 'x');
      for (let index = 0; index < 50; index += 1) await sessions.set(`session:${index}`, 'x');
      const listed = await program.run(['keys', '-s', server.address, '-p', 'session']);
      expect([listed.code, listed.err]).toEqual([0, '']);
      expect(listed.out.trimEnd().split('\n')).toHaveLength(50);
    } finally {
      await server.stop();
    }
  });

  it('finds keys that lie on another server than the distribution says', async () => {
    const right = await program.run(['keys', '-s', servers, '--misplaced']);
    expect(right).toMatchObject({ code: 0, out: '' });
    const other = await program.run(['keys', '-s', servers, '--misplaced', '-d', 'libmemcached-modula']);
    expect(other.out).toMatch(/^shop:product:\d+ {2}127\.0\.0\.1:\d+ {2}belongs to 127\.0\.0\.1:\d+$/m);
  });

  it('finds the servers behind a name', async () => {
    const { code, out } = await program.run(['ping', '--discovery', `dns:localhost:${first.port}`, '--json']);
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ server: first.address })]);
    const which = await program.run(['which', 'a', '--discovery', `dns:localhost:${first.port}`, '--all']);
    expect(which.out.match(new RegExp(first.address, 'g'))).toHaveLength(14);
    const none = await program.run(['ping', '--discovery', 'dns:no.such.name.invalid', '-t', '300ms']);
    expect([none.code, none.err]).toEqual([
      1,
      expect.stringMatching(/^error: version: discovery has found no server/),
    ]);
  });

  it('asks a configuration endpoint for the list', async () => {
    await using endpoint = await startMemcached();
    await using admin = new MemcachedClient({ servers: endpoint.address, codec: 'raw' });
    const list = [first, second].map(({ port }) => `127.0.0.1|127.0.0.1|${port}`).join(' ');
    await admin.set('AmazonElastiCache:cluster', Buffer.from(`7\n${list}\n`));
    const where = ['--discovery', `elasticache:${endpoint.address}`, '--json'];
    const pinged = rowsOf(await program.run(['ping', ...where]));
    expect(pinged.map(({ server }) => server)).toEqual([first.address, second.address]);
    const shares = rowsOf(await program.run(['ring', ...where, '--sample', '100']));
    expect(shares.map(({ server }) => server)).toEqual([first.address, second.address]);
  });

  it('ends quietly when nobody reads any further', async () => {
    const line = `"${process.execPath}" "${program.path}" top --json --interval 50ms -s ${servers} | head -n 2`;
    const { stdout, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
    expect([stdout.trimEnd().split('\n').length, stderr]).toEqual([2, '']);
  });

  it('has colours only where they are wanted', async () => {
    const ESCAPE = '\u001b[';
    const words = ['stats', '-s', servers];
    expect((await program.run(words)).out).not.toContain(ESCAPE);
    expect((await program.run(words, { FORCE_COLOR: '1' })).out).toContain(ESCAPE);
    expect((await program.run(words, { FORCE_COLOR: '1', NO_COLOR: '1' })).out).not.toContain(ESCAPE);
  });
});

describeReal('the command line, on servers that are reached otherwise', () => {
  it('goes over TLS, checks certificates, and can be told not to', async () => {
    const { ca, memcachedArgs, remove } = certificates();
    await using server = await startMemcached({ args: memcachedArgs });
    const folder = mkdtempSync(join(tmpdir(), 'command-line-'));
    try {
      const file = join(folder, 'ca.crt');
      writeFileSync(file, ca);
      const ping = (...flags: string[]): Promise<{ code: number | null; out: string }> =>
        program.run(['ping', '-s', `localhost:${server.port}`, ...flags]);
      expect(await ping('--tls-ca', file)).toMatchObject({ code: 0 });
      expect(await ping('--tls-insecure')).toMatchObject({ code: 0 });
      expect(await ping('--tls')).toMatchObject({ code: 1, out: expect.stringMatching(/certificate/) });
      expect(await ping('--tls-ca', file, '--tls-servername', 'other')).toMatchObject({ code: 1 });
    } finally {
      rmSync(folder, { recursive: true });
      remove();
    }
  });

  it('logs in by the environment or by a URL', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'command-line-'));
    const file = join(folder, 'users');
    writeFileSync(file, 'me:secret\n', { mode: 0o644 });
    spawnSync('chmod', ['755', folder]);
    await using server = await startMemcached({ args: ['-Y', file] });
    try {
      const words = ['ping', '-s', server.address];
      expect(
        await program.run([...words, '--username', 'me'], { MEMCACHED_PASSWORD: 'secret' }),
      ).toMatchObject({ code: 0 });
      expect(
        await program.run(words, { MEMCACHED_USERNAME: 'me', MEMCACHED_PASSWORD: 'secret' }),
      ).toMatchObject({ code: 0 });
      expect(await program.run(['ping', '-s', `memcached://me:secret@${server.address}`])).toMatchObject({
        code: 0,
      });
      const wrong = await program.run([...words, '--username', 'me'], { MEMCACHED_PASSWORD: 'guessed' });
      expect(wrong.code).toBe(1);
      expect(wrong.out + wrong.err).not.toMatch(/guessed|secret/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes unix sockets', async () => {
    await using server = await startMemcached({ unixSocket: true });
    expect(await program.run(['ping', '-s', server.address])).toMatchObject({
      code: 0,
      out: expect.stringContaining(server.address),
    });
  });
});

describeTwemproxy('the command line, on twemproxy', () => {
  it('says what the proxy refuses, and does the rest', async () => {
    await using server = await startMemcached();
    const proxy = await startTwemproxy([server.address]);
    try {
      await using client = new MemcachedClient({ servers: proxy.address });
      await client.set('key', 'value');
      const words = ['-s', proxy.address];
      expect(await program.run(['ping', ...words])).toMatchObject({
        code: 0,
        out: expect.stringContaining('classic'),
      });
      const [{ item }] = rowsOf(await program.run(['which', 'key', ...words, '--look', '--json']));
      expect(item).toMatchObject({ there: true, size: 5 });
      for (const command of ['stats', 'keys', 'top', 'watch']) {
        const { code, out, err } = await program.run([
          command,
          ...words,
          ...(command === 'top' || command === 'watch' ? ['-n', '1'] : []),
        ]);
        expect([command, code]).toEqual([command, 1]);
        expect(out + err).toContain(proxy.address);
        expect(err).not.toContain('    at ');
      }
    } finally {
      await proxy.stop();
    }
  });
});

describe('a command line without any server', () => {
  it('asks 127.0.0.1:11211', async () => {
    const { out } = await program.run(['which', 'key', '--json']);
    expect(JSON.parse(out)).toMatchObject({ server: '127.0.0.1:11211', weight: 1 });
  });
});
