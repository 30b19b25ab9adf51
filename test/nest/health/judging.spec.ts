import { describe, expect, it } from '@jest/globals';
import {
  ConnectionError,
  InvalidArgumentError,
  type MemcachedError,
  ProtocolError,
  ServerError,
  CommandTimeoutError,
} from '../../../lib/errors.js';
import { judgeCluster, type HealthState } from '../../../lib/nest/health/judge-cluster.js';
import { judgeNode, lookAt, type NodeLook, reasonOf } from '../../../lib/nest/health/judge-node.js';
import { isMemcachedsOwn, readSample } from '../../../lib/nest/health/node-figures.js';

const SERVER = '10.0.0.7:11211';
const LIMITS = { maxConnectionUse: 0.9, maxClockDrift: 10_000, warmUp: 60_000 };
const NOW = 1_800_000_000_000;

const WELL = {
  pid: '7',
  uptime: '1000',
  time: String(NOW / 1000),
  version: '1.6.18',
  threads: '4',
  max_connections: '1024',
  curr_connections: '10',
  accepting_conns: '1',
  listen_disabled_num: '0',
  rejected_connections: '0',
  read_buf_oom: '0',
  response_obj_oom: '0',
  store_no_memory: '0',
  auth_errors: '0',
  get_hits: '75',
  get_misses: '25',
  bytes: '2000',
  limit_maxbytes: '4000',
  curr_items: '3',
  evictions: '5',
};

function look(stats: Record<string, string>, before?: NodeLook): NodeLook {
  return lookAt(readSample({ ...WELL, ...stats }, true, NOW, NOW), before);
}

function reasons(stats: Record<string, string>, before?: NodeLook): string[] {
  return judgeNode(SERVER, look(stats, before), before, LIMITS).map(
    ({ code, message }) => `${code} | ${message}`,
  );
}

describe('judging a server', () => {
  it('finds nothing wrong with one that is well', () => {
    expect(reasons({})).toEqual([]);
    expect(reasons({}, look({}))).toEqual([]);
  });

  it.each<[Record<string, string>, string]>([
    [{ accepting_conns: '0' }, 'not-accepting | 10.0.0.7:11211: does not accept new connections at present'],
    [
      { curr_connections: '1021' },
      'connections-nearly-exhausted | 10.0.0.7:11211: 3 of 1024 connections left',
    ],
    [
      { curr_connections: '990', reserved_fds: '20' },
      'connections-nearly-exhausted | 10.0.0.7:11211: 14 of 1024 connections left',
    ],
    [
      { curr_connections: '1030' },
      'connections-nearly-exhausted | 10.0.0.7:11211: 0 of 1024 connections left',
    ],
    [{ time: String(NOW / 1000 + 12) }, 'clock-drift | 10.0.0.7:11211: its clock is 12 s ahead'],
    [{ time: String(NOW / 1000 - 3601) }, 'clock-drift | 10.0.0.7:11211: its clock is 3600 s behind'],
  ])('finds at the first look: %j', (stats, reason) => {
    expect(reasons(stats)).toEqual([reason]);
  });

  it.each<[string, string]>([
    [
      'listen_disabled_num',
      'connections-refused | 10.0.0.7:11211: stopped accepting connections 3 times since the last look',
    ],
    [
      'rejected_connections',
      'connections-refused | 10.0.0.7:11211: refused connections 3 times since the last look',
    ],
    [
      'read_buf_oom',
      'buffers-exhausted | 10.0.0.7:11211: ran out of read buffers 3 times since the last look',
    ],
    [
      'response_obj_oom',
      'buffers-exhausted | 10.0.0.7:11211: ran out of response objects 3 times since the last look',
    ],
    [
      'store_no_memory',
      'memory-exhausted | 10.0.0.7:11211: found no memory to store a value 3 times since the last look',
    ],
    [
      'auth_errors',
      'auth-errors | 10.0.0.7:11211: was given a wrong user or password 3 times since the last look',
    ],
  ])('tells an increase of %s, but not what has been so since before', (counter, reason) => {
    const before = look({ [counter]: '4' });
    expect(reasons({ [counter]: '4' }, before)).toEqual([]);
    expect(reasons({ [counter]: '7' }, before)).toEqual([reason]);
    expect(reasons({ [counter]: '5' }, before)[0]).toContain('once since the last look');
    expect(reasons({ [counter]: '7' })).toEqual([]);
  });

  it('tells a restart, for as long as the server takes to warm up', () => {
    const before = look({});
    const restarted = look({ uptime: '5' }, before);
    expect(judgeNode(SERVER, restarted, before, LIMITS)).toEqual([
      { code: 'restarted', server: SERVER, message: '10.0.0.7:11211: restarted 5 s ago, and still cold' },
    ]);
    const warming = look({ uptime: '50' }, restarted);
    expect(judgeNode(SERVER, warming, restarted, LIMITS)).toHaveLength(1);
    const warm = look({ uptime: '60' }, warming);
    expect(judgeNode(SERVER, warm, warming, LIMITS)).toEqual([]);
  });

  it('knows a restart by the process as well, when the looks are far apart', () => {
    expect(reasons({ pid: '8', uptime: '30' }, look({ uptime: '20' }))).toEqual([
      'restarted | 10.0.0.7:11211: restarted 30 s ago, and still cold',
    ]);
  });

  it('does not take a server that is young for one that was restarted', () => {
    expect(reasons({ uptime: '1' })).toEqual([]);
  });

  it('compares no counters across a restart', () => {
    expect(
      reasons({ pid: '8', uptime: '900', rejected_connections: '5' }, look({ rejected_connections: '2' })),
    ).toEqual([]);
  });

  it('says nothing about what the server does not say', () => {
    const sample = readSample({ pid: '7', version: '1.4.0' }, true, NOW, NOW);
    expect(judgeNode(SERVER, lookAt(sample, undefined), undefined, LIMITS)).toEqual([]);
    expect(sample.figures).toEqual({ version: '1.4.0' });
  });

  it('reads the figures', () => {
    expect(look({}).sample.figures).toEqual({
      version: '1.6.18',
      threads: 4,
      uptimeSeconds: 1000,
      connections: 10,
      maxConnections: 1024,
      items: 3,
      memoryBytes: 2000,
      maxMemoryBytes: 4000,
      hitRatio: 0.75,
      evictions: 5,
    });
  });

  it('does not hold the time the answer took against the clock', () => {
    const slow = readSample(WELL, true, NOW - 30_000, NOW + 30_000);
    expect(judgeNode(SERVER, lookAt(slow, undefined), undefined, LIMITS)).toEqual([]);
  });

  it.each<[string, MemcachedError]>([
    ['unreachable', new ConnectionError('refused', SERVER, 'not-sent')],
    ['no-answer', new CommandTimeoutError('late', SERVER, 'unknown', 100)],
    ['not-memcached', new ProtocolError('HTTP/1.1 400', SERVER)],
    [
      'unauthenticated',
      new ServerError('CLIENT_ERROR unauthenticated', SERVER, 'CLIENT_ERROR unauthenticated'),
    ],
    ['connections-refused', new ServerError('full', SERVER, 'ERROR Too many open connections')],
    ['error', new ServerError('SERVER_ERROR', SERVER, 'SERVER_ERROR')],
    ['error', new InvalidArgumentError('odd')],
  ])('calls a failure %s', (code, error) => {
    expect(reasonOf(SERVER, error)).toEqual({ code, server: SERVER, message: `${SERVER}: ${error.message}` });
  });
});

describe('judging the cluster', () => {
  const judged = (nodes: [HealthState, number][], limits = { minUpWeight: 0.5, degradedBelowWeight: 1 }) =>
    judgeCluster(
      nodes.map(([state, weight]) => ({ state, weight, figures: {}, reasons: [] })),
      limits,
    );

  it.each<[HealthState, [HealthState, number][]]>([
    [
      'up',
      [
        ['up', 1],
        ['up', 3],
      ],
    ],
    [
      'degraded',
      [
        ['degraded', 1],
        ['up', 3],
      ],
    ],
    [
      'degraded',
      [
        ['down', 1],
        ['up', 3],
      ],
    ],
    [
      'degraded',
      [
        ['down', 2],
        ['up', 2],
      ],
    ],
    [
      'down',
      [
        ['up', 1],
        ['down', 3],
      ],
    ],
    [
      'degraded',
      [
        ['degraded', 1],
        ['degraded', 1],
      ],
    ],
    [
      'up',
      [
        ['down', 0],
        ['up', 1],
      ],
    ],
    ['down', []],
    ['down', [['up', 0]]],
  ])('says %s of %j', (state, nodes) => {
    expect(judged(nodes).state).toBe(state);
  });

  it('tells the share of the weights that answers', () => {
    expect(
      judged([
        ['down', 1],
        ['degraded', 1],
        ['up', 2],
      ]).upWeight,
    ).toBe(0.75);
  });

  it('lets small troubles pass where it is told to', () => {
    const limits = { minUpWeight: 0, degradedBelowWeight: 0.5 };
    expect(
      judged(
        [
          ['degraded', 1],
          ['up', 1],
        ],
        limits,
      ).state,
    ).toBe('up');
    expect(
      judged(
        [
          ['down', 9],
          ['up', 1],
        ],
        limits,
      ).state,
    ).toBe('degraded');
    expect(judged([['down', 9]], limits).state).toBe('down');
  });
});

describe('an answer to `stats`', () => {
  it('is a memcached’s own when it tells who has answered, and since when', () => {
    expect(isMemcachedsOwn({ ...WELL, pid: '7', uptime: '5', time: '1' })).toBe(true);
    expect(isMemcachedsOwn({ version: 'mcrouter 0.41.0', uptime: '5', time: '1', num_servers: '2' })).toBe(
      false,
    );
    expect(isMemcachedsOwn({ garbage: '' })).toBe(false);
  });

  it('of settings tells that there are no cas tokens, and what to do', () => {
    const before = lookAt(readSample(WELL, false, NOW, NOW), undefined);
    expect(judgeNode(SERVER, before, undefined, LIMITS)).toMatchObject([
      { code: 'no-cas', message: expect.stringContaining('without -C') },
    ]);
  });
});
