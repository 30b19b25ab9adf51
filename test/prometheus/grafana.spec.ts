import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { MemcachedService } from '../../lib/index.js';
import { instrument } from '../../lib/prometheus/index.js';
import { describeReal, type RealMemcached, startMemcached } from '../support/real-memcached.js';

const METRIC = /\b(?:nestjs_)?memcached_[a-z0-9_]+/g;
const LABELS = /\{([^{}]*)\}/g;

/** Labels that are not ours: of the target, and of buckets. */
const GIVEN = ['job', 'instance', 'le'];

interface Dashboard {
  readonly __inputs: { readonly name: string }[];
  readonly id: unknown;
  readonly uid: unknown;
  readonly templating: { readonly list: { readonly name: string; readonly definition?: string }[] };
  readonly panels: { readonly title: string; readonly targets?: { readonly expr: string }[] }[];
}

function page(name: string): string {
  return readFileSync(new URL(`../../docs/grafana/${name}`, import.meta.url), 'utf8');
}

const dashboard = JSON.parse(page('nestjs-memcached.json')) as Dashboard;
const alerts = page('alerts.yml');

/** What the dashboard and the alerts ask Prometheus for. */
const EXPRESSIONS = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
  ...Array.from(alerts.matchAll(/expr: (?:>-\n)?([\s\S]*?)\n +(?:for|labels):/g), ([, expr]) => expr),
];

describeReal('the dashboard and the alerts', () => {
  let server: RealMemcached;
  let memcached: MemcachedService;
  let metrics: Map<string, Set<string>>;

  beforeAll(async () => {
    server = await startMemcached();
    memcached = new MemcachedService({ servers: server.address });
    const register = new Registry();
    const stop = instrument(memcached, { register });
    await memcached.getOrSet('a', () => 1);
    await memcached.getOrSet('a', () => 1);
    Logger.overrideLogger(false);
    await memcached.getOrSet('b', () => () => 'cannot be stored');
    await memcached.client.set('text', 'text');
    await memcached.client.incr('text').catch(() => undefined);
    metrics = new Map();
    // What has no sample has been measured under its name all the same.
    const text = await register.metrics();
    for (const [, name] of text.matchAll(/^# TYPE (\S+)/gm)) metrics.set(name, new Set());
    for (const [, name, labels] of text.matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
      const known = metrics.get(name) ?? new Set();
      for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label);
      metrics.set(name, known);
    }
    stop();
  });
  afterAll(async () => {
    await memcached.close();
    await server.stop();
  });

  it('ask for metrics that are there, by labels that these have', () => {
    expect(EXPRESSIONS.length).toBeGreaterThan(40);
    const used = new Set<string>();
    for (const expression of EXPRESSIONS) {
      const names = expression.match(METRIC) ?? [];
      expect([expression, names.length]).not.toEqual([expression, 0]);
      const labels = new Set(GIVEN);
      for (const name of names) {
        used.add(name);
        expect([...metrics.keys()]).toContain(name);
        for (const label of metrics.get(name)!) labels.add(label);
      }
      const asked = [
        ...Array.from(expression.matchAll(LABELS), ([, selectors]) => selectors).flatMap((selectors) =>
          Array.from(selectors.matchAll(/(\w+)\s*(?:=~|!=|=)/g), ([, label]) => label),
        ),
        ...Array.from(expression.matchAll(/by \(([^)]*)\)/g), ([, list]) => list.split(', ')).flat(),
      ];
      for (const label of asked)
        expect([expression, [...labels]]).toEqual([expression, expect.arrayContaining([label])]);
    }
    expect(used.size).toBeGreaterThan(15);
  });

  it('can be imported: the data source is asked for, and nothing names another Grafana’s things', () => {
    expect(dashboard.__inputs.map(({ name }) => name)).toEqual(['DS_PROMETHEUS']);
    expect([dashboard.id, dashboard.uid]).toEqual([null, null]);
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual([
      'datasource',
      'job',
      'instance',
      'server',
      'cache',
    ]);
    expect(new Set(dashboard.panels.map(({ title }) => title)).size).toBeGreaterThan(20);
    expect(JSON.stringify(dashboard)).not.toMatch(/"uid":"(?!\$\{datasource\})/);
  });

  it('have alerts that say what is the matter and what it means', () => {
    const count = (pattern: RegExp): number => (alerts.match(pattern) ?? []).length;
    const rules = count(/- alert: /g);
    expect(rules).toBeGreaterThan(9);
    expect([count(/summary: /g), count(/description: /g), count(/severity: /g)]).toEqual([
      rules,
      rules,
      rules,
    ]);
  });
});
