import { describe, expect, it } from '@jest/globals';
import { createPlacement } from '../../../lib/cluster/distribution/distribution.js';
import type { DistributionServer } from '../../../lib/custom-distribution.js';
import type { DistributionOption } from '../../../lib/options/distribution-options.js';

const KEYS = Array.from({ length: 300 }, (_, index) => `user:${index * 7919}:x`);

function answers(option: DistributionOption, servers: readonly DistributionServer[]): number[] {
  const placement = createPlacement(option, servers);
  return KEYS.map((key) => placement.indexFor(key));
}

const other = { host: '10.0.0.9', port: 11211, weight: 1 };
const unixSocket = { host: '', port: 0, path: '/run/memcached.sock', weight: 1 };
const ipv6 = { host: '::1', port: 11212, weight: 1 };
const usualPort = { host: 'cache1', port: 11211, weight: 1 };

/** The text that each client hashes for a server, which here is given as its name. */
describe('the label of a server', () => {
  it.each<[DistributionOption, DistributionServer, string]>([
    ['ketama', usualPort, 'cache1'],
    ['ketama', ipv6, '::1:11212'],
    ['ketama', unixSocket, '/run/memcached.sock:0'],
    [{ type: 'ketama', spyLabels: true }, usualPort, '/cache1:11211'],
    [{ type: 'ketama', spyLabels: true }, unixSocket, '//run/memcached.sock:0'],
    ['libmemcached-consistent', unixSocket, '/run/memcached.sock:0'],
    ['twemproxy-ketama', unixSocket, '/run/memcached.sock:'],
    ['twemproxy-ketama', usualPort, 'cache1'],
    ['dalli', usualPort, 'cache1:11211'],
    ['dalli', unixSocket, '/run/memcached.sock'],
    ['rendezvous', unixSocket, '/run/memcached.sock'],
    ['rendezvous', usualPort, 'cache1:11211'],
    ['spymemcached-ketama', usualPort, 'cache1:11211'],
    [{ type: 'spymemcached-ketama', libmemcachedLabels: true }, usualPort, 'cache1'],
    ['npm-memcached', usualPort, 'cache1'],
    [{ type: 'npm-memcached', compatibility: 'hash_ring' }, usualPort, 'cache1:11211'],
    ['npm-memcache-ketama', ipv6, '[::1]:11212'],
  ])('to %j, of %j: %s', (option, server, label) => {
    const named = { ...server, host: 'elsewhere', port: 1, path: undefined, name: label };
    expect(answers(option, [server, other])).toEqual(answers(option, [named, other]));
    expect(answers(option, [server, other])).not.toEqual(
      answers(option, [{ ...named, name: `${label}x` }, other]),
    );
  });
});

describe('twemproxy-modula', () => {
  it('sorts servers by the length of their names, then by their bytes', () => {
    const servers = ['ccc', 'bb', 'aaa'].map((host) => ({ host, port: 11211, weight: 1 }));
    const placement = createPlacement({ type: 'twemproxy-modula', hash: Number }, servers);
    expect(['0', '1', '2'].map((key) => placement.indexFor(key))).toEqual([1, 2, 0]);
  });
});
