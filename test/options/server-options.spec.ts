import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { Credentials, readServers, type ServerAddress } from '../../lib/options/server-options.js';

const read = (servers: unknown): readonly ServerAddress[] => readServers(servers, 'servers');

/** What is refused, and how. */
function refusal(servers: unknown): { path: string; message: string } {
  try {
    read(servers);
  } catch (error) {
    expect(error).toMatchObject({ code: 'MEMCACHED_INVALID_OPTIONS' });
    return error as { path: string; message: string };
  }
  throw new Error('nothing was refused');
}

describe('a server', () => {
  it.each([
    ['10.0.0.1', { id: '10.0.0.1:11211', host: '10.0.0.1', port: 11211, weight: 1 }],
    ['10.0.0.1:11212', { id: '10.0.0.1:11212', host: '10.0.0.1', port: 11212, weight: 1 }],
    ['cache-1.example.org:11211=3', { id: 'cache-1.example.org:11211', weight: 3 }],
    ['cache=3', { id: 'cache:11211', host: 'cache', weight: 3 }],
    ['[::1]', { id: '[::1]:11211', host: '::1', port: 11211 }],
    ['[fe80::1%eth0]:11212=2', { id: '[fe80::1%eth0]:11212', host: 'fe80::1%eth0', port: 11212, weight: 2 }],
    ['/run/memcached.sock', { id: '/run/memcached.sock', path: '/run/memcached.sock', weight: 1 }],
    ['/run/memcached.sock=2', { id: '/run/memcached.sock', path: '/run/memcached.sock', weight: 2 }],
    ['memcached://cache', { id: 'cache:11211', host: 'cache', port: 11211, tls: undefined }],
    [
      'memcached://cache:11212?weight=2&name=first',
      { id: 'cache:11212', port: 11212, weight: 2, name: 'first' },
    ],
    ['memcached://[::1]:11212/', { id: '[::1]:11212', host: '::1' }],
    ['memcacheds://cache', { id: 'cache:11211', tls: {} }],
    [
      { host: 'cache' },
      { id: 'cache:11211', port: 11211, weight: 1, tls: undefined, credentials: undefined },
    ],
    [
      { host: '::1', port: 1, weight: 0, name: 'x' },
      { id: '[::1]:1', weight: 0, name: 'x' },
    ],
    [{ host: '[::1]' }, { id: '[::1]:11211', host: '::1' }],
    [
      { path: '/run/m.sock', weight: 2 },
      { id: '/run/m.sock', path: '/run/m.sock', weight: 2 },
    ],
    [{ host: 'cache', tls: true }, { tls: {} }],
    [{ host: 'cache', tls: false }, { tls: undefined }],
    [{ host: 'cache', tls: { servername: 'x' } }, { tls: { servername: 'x' } }],
  ])('may be written as %j', (written, expected) => {
    // A weight of 0 alone would leave no server for the keys.
    const [server] = read([written, 'other']);
    expect(server).toMatchObject(expected);
    expect(Object.isFrozen(server)).toBe(true);
  });

  it.each([
    ['', 'expected'],
    [':11211', 'expected'],
    ['cache:', 'expected'],
    ['cache:x', 'expected'],
    ['cache:11211=x', 'expected'],
    ['cache:11211=-1', 'expected'],
    ['::1', 'expected'],
    ['cache 1', 'expected'],
    ['a,b', 'expected'],
    ['http://cache', 'expected'],
    ['memcached://', 'not a URL'],
    ['memcached://cache:99999', 'not a URL'],
    ['memcached://cache/x', 'has a path'],
    ['memcached://cache?wait=2', 'unknown parameter; known are weight, name'],
    ['memcached://cache?weight=x', 'whole number'],
    ['memcached://alice@cache', 'belong together'],
    ['memcached://al%zzice:x@cache', 'percent'],
    ['cache:0', 'from 1 to 65535, got 0'],
    ['cache:65536', 'from 1 to 65535, got 65536'],
    [{}, 'expected a host'],
    [{ port: 11211 }, 'expected a host'],
    [{ host: '' }, 'non-empty'],
    [{ host: 'cache', path: '/run/m.sock' }, 'not both'],
    [{ path: '/run/m.sock', port: 1 }, 'not both'],
    ['\u001bc:11211', 'control characters'],
    ['\u009b2J', 'control characters'],
    [{ host: 'cache\u202e' }, 'control characters'],
    [{ path: '/run/\u0007.sock' }, 'control characters'],
    [{ host: 'cache', weight: 1.5 }, 'whole number'],
    [{ host: 'cache', tls: 'yes' }, 'true or false'],
    [{ host: 'cache', username: 'alice' }, 'belong together'],
    [{ host: 'cache', password: 'x' }, 'belong together'],
    [{ host: 'cache', username: 'a b', password: 'x' }, 'blanks'],
    [{ host: 'cache', prot: 11211 }, "did you mean 'port'?"],
    [5, "expected an object such as { host: '10.0.0.1' }, got 5"],
    [null, "expected an object such as { host: '10.0.0.1' }, got null"],
  ])('cannot be written as %j', (written, problem) => {
    const { path, message } = refusal(['first', written]);
    expect(path).toMatch(/^servers\[1\]/);
    expect(message).toContain(problem);
  });
});

describe('servers', () => {
  const ids = (servers: unknown): string[] => read(servers).map(({ id }) => id);

  it('may stand in one text, so that an environment variable can hold them', () => {
    expect(read('a:11211=1, b:11212=2,/run/c.sock').map(({ id, weight }) => [id, weight])).toStrictEqual([
      ['a:11211', 1],
      ['b:11212', 2],
      ['/run/c.sock', 1],
    ]);
  });

  it('may stand in a list of texts and objects, whose order is kept', () => {
    expect(ids(['b', { host: 'a' }, 'memcached://c'])).toStrictEqual(['b:11211', 'a:11211', 'c:11211']);
  });

  it('may be one object', () => {
    expect(ids({ host: 'a' })).toStrictEqual(['a:11211']);
  });

  it('are at least one', () => {
    expect(refusal([])).toMatchObject({
      path: 'servers',
      message: expect.stringContaining('at least one server'),
    });
    expect(refusal('').path).toBe('servers');
  });

  it('are each named once, in whatever spelling', () => {
    expect(refusal('cache,memcached://cache:11211')).toMatchObject({
      path: 'servers[1]',
      message: expect.stringMatching(/'cache:11211' is named twice.*weight/),
    });
  });

  it('do not all have the weight 0', () => {
    expect(refusal('a=0,b=0').message).toMatch(/every weight is 0/);
    expect(ids('a=0,b=1')).toHaveLength(2);
  });

  it('are frozen', () => {
    expect(Object.isFrozen(read('a,b'))).toBe(true);
  });
});

describe('credentials', () => {
  const SECRET = 's3cret';
  const everything = (value: unknown): string =>
    inspect(value, { depth: 10 }) + (JSON.stringify(value) ?? '');

  it.each([
    ['memcached://alice:s3cret@cache'],
    ['memcached://al%69ce:s3%63ret@cache'],
    [{ host: 'cache', username: 'alice', password: 's3cret' }],
  ])('are read from %j', (written) => {
    expect(read([written])[0].credentials?.payload).toBe('alice s3cret');
  });

  it('may have a password without a character', () => {
    expect(read({ host: 'cache', username: 'alice', password: '' })[0].credentials?.payload).toBe('alice ');
  });

  it('show up neither when inspected nor in JSON', () => {
    expect(everything(new Credentials('alice', SECRET))).not.toMatch(/alice|s3cret/);
    expect(everything(read(`memcached://alice:${SECRET}@cache`))).not.toMatch(/alice|s3cret/);
  });

  it('show up no more than the keys of TLS do', () => {
    const [server] = read({ host: 'cache', tls: { key: SECRET, passphrase: SECRET } });
    expect(server.tls).toStrictEqual({ key: SECRET, passphrase: SECRET });
    expect(everything(server)).not.toContain(SECRET);
    expect(everything({ ...server })).not.toContain(SECRET);
  });

  it.each([
    [`memcached://alice:${SECRET}@cache:99999`],
    [`memcached://alice:${SECRET}@`],
    [`memcached://alice:%zz${SECRET}@cache`],
    [`memcached://alice:${SECRET}@cache?weight=x`],
    [`memcached://alice:${SECRET}@cache?wait=1`],
    [`memcached://alice:${SECRET}@cache/path`],
    [`memcached://alice:${SECRET}@x@cache:x`],
    [`memcached://alice:x@${SECRET}@cache:x`],
    [`memcached://alice:${SECRET},${SECRET}@cache`],
    [`memcached://alice:${SECRET}`],
    [`memcached://alice:42?${SECRET}@cache:11211`],
    [`memcached://alice:42?name=${SECRET}@cache:11211`],
    [`memcached://alice?b:${SECRET}@cache:11211`],
    [`memcached://alice:42?${SECRET},more@cache:11211`],
    [`memcached://alice:42#${SECRET}@cache:11211`],
    [`memcached://alice#b:${SECRET}@cache:11211`],
    [`memcached://alice:42/${SECRET}@cache:11211`],
    [`alice:${SECRET}@cache:11211`],
    [`http://alice:${SECRET}@cache`],
    [{ host: 'cache', username: 'alice', password: `${SECRET} ${SECRET}` }],
    [{ host: 'cache', password: SECRET }],
    [{ host: 'cache', username: 'alice', password: { [SECRET]: SECRET } }],
    [[`cache`, `memcached://alice:${SECRET}@cache`]],
  ])('show up in no error over %j', (written) => {
    const error = refusal(written);
    expect(everything(error) + error.message).not.toContain(SECRET);
  });

  it.each([5_333_777, 5_333_777n, Symbol('5333777')])(
    'show up in no error when they are %p instead of a text',
    (password) => {
      const error = refusal({ host: 'cache', username: 'alice', password });
      expect(error.message).toBe('servers.password: expected a string');
    },
  );
});

describe('servers as people write them', () => {
  it.each(['::1', '[::1]', 'fe80::1%eth0', '::ffff:10.0.0.1', 'cache-1.example', 'cache_1'])(
    'may have the host %s',
    (host) => {
      expect(readServers({ host }, 'servers')[0].host).toBe(host.replaceAll(/[[\]]/g, ''));
    },
  );

  it('may end in a comma, or have an empty part', () => {
    expect(readServers('10.0.0.1,,10.0.0.2, ', 'servers').map(({ id }) => id)).toStrictEqual([
      '10.0.0.1:11211',
      '10.0.0.2:11211',
    ]);
  });

  it.each([
    ['memcached://cache?weight=', /whole number/],
    ['memcached://cache?weight=0x10', /whole number/],
    ['memcached://cache?weight=1e3', /whole number/],
    ['/run/memcached.sock=1.5', /whole number/],
    [['10.0.0.1;10.0.0.2'], /expected 'host:port'/],
    ['memcached://alice:s3cret@10.0.0.1;10.0.0.2', /one host/],
    [{ host: '10.0.0.1:11212' }, /'port' is an option of its own/],
    [{ host: '[10.0.0.1]:11212' }, /'port' is an option of its own/],
    [{ host: 'a,b' }, /one host/],
    [
      [
        { host: 'a', name: 'x' },
        { host: 'b', name: 'x' },
      ],
      /both have the name 'x'/,
    ],
    ['10.0.0.1;10.0.0.2', /separated by commas/],
    ['', /an empty text .*environment variable/],
    [' , ', /expected at least one server/],
    ['10.0.0.1=1.5', /expected a whole number from 0/],
  ])('%j is refused by a message that says what to write', (servers, message) => {
    expect(() => readServers(servers, 'servers')).toThrow(message);
  });
});
