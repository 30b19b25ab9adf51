import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { MemcachedClient } from '../../lib/index.js';
import { describeReal, startMemcached } from '../support/real-memcached.js';

const read = (file: string): string =>
  readFileSync(new URL(`../../docs/deploy/${file}`, import.meta.url), 'utf8');

interface Compose {
  readonly services: Record<
    string,
    { image: string; command: string[]; mem_limit?: string; environment?: Record<string, string> }
  >;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { name: string };
  readonly spec: {
    clusterIP?: string;
    selector?: Record<string, string>;
    serviceName?: string;
    replicas?: number;
    template?: {
      metadata: { labels: Record<string, string> };
      spec: { containers: { args: string[]; resources: { limits: { memory: string } } }[] };
    };
  };
}

const compose = parse(read('compose.yaml')) as Compose;
const manifests = parseAllDocuments(read('kubernetes.yaml')).map((document) => document.toJS() as Manifest);

/** What follows `-m`: megabytes for items. */
function megabytesOf(args: readonly string[]): number {
  return Number(args[args.indexOf('-m') + 1]);
}

/** Room for connections, buffers and the hash table beside the items. */
const ROOM = 1.3;

it('compose.yaml: servers have the weights of their memory, and room beside it', () => {
  const servers = Object.entries(compose.services).filter(([, { image }]) => image.startsWith('memcached:'));
  const list = new Map(
    compose.services.app.environment!.MEMCACHED_SERVERS.split(',').map((server) => {
      const [, name, weight = '1'] = /^([\w-]+):11211(?:=(\d+))?$/.exec(server)!;
      return [name, Number(weight)];
    }),
  );
  expect([...list.keys()]).toEqual(servers.map(([name]) => name));
  const perWeight = servers.map(([name, { command }]) => megabytesOf(command) / list.get(name)!);
  expect(new Set(perWeight).size).toBe(1);
  for (const [, { command, mem_limit }] of servers) {
    expect(Number.parseInt(mem_limit!, 10)).toBeGreaterThanOrEqual(megabytesOf(command) * ROOM);
  }
});

it('kubernetes.yaml: the parts belong together, and a pod has room beside its items', () => {
  const of = (kind: string): Manifest => manifests.find((manifest) => manifest.kind === kind)!;
  expect(manifests.map(({ kind }) => kind)).toEqual([
    'Service',
    'StatefulSet',
    'PodDisruptionBudget',
    'NetworkPolicy',
  ]);
  const { spec } = of('StatefulSet');
  expect(of('Service').spec.clusterIP).toBe('None');
  expect(spec.serviceName).toBe(of('Service').metadata.name);
  expect(spec.template!.metadata.labels).toMatchObject(of('Service').spec.selector!);
  const [{ args, resources }] = spec.template!.spec.containers;
  expect(Number.parseInt(resources.limits.memory, 10)).toBeGreaterThanOrEqual(megabytesOf(args) * ROOM);
});

describeReal('a memcached with the flags of the files', () => {
  it.each([
    ['compose.yaml', compose.services['memcached-1'].command.slice(1)],
    [
      'kubernetes.yaml',
      manifests.find(({ kind }) => kind === 'StatefulSet')!.spec.template!.spec.containers[0].args,
    ],
  ])('starts, stores and takes items of 1.5 MB: %s', async (_file, args) => {
    await using server = await startMemcached({ args });
    await using client = new MemcachedClient({ servers: server.address });
    await client.set('large', Buffer.alloc(1_500_000));
    expect(await client.get('large')).toHaveLength(1_500_000);
  });
});
