import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { NODES } from '../../scripts/check/node-versions.mjs';

const ROOT = new URL('../../', import.meta.url);

interface Step {
  run?: string;
  uses?: string;
  with?: Record<string, unknown>;
}

interface Job {
  permissions?: Record<string, string>;
  strategy?: { matrix: Record<string, string[]> };
  steps: Step[];
}

interface Workflow {
  on: unknown;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const FILES = readdirSync(new URL('.github/workflows/', ROOT));
const manifest = JSON.parse(read('package.json')) as {
  engines: { node: string };
  scripts: Record<string, string>;
};

function workflow(file: string): Workflow {
  return parse(read(`.github/workflows/${file}`)) as Workflow;
}

function jobs(file: string): [string, Job][] {
  return Object.entries(workflow(file).jobs);
}

const steps = FILES.flatMap((file) => jobs(file).flatMap(([, job]) => job.steps));

describe('the workflows', () => {
  it('are those that there should be', () => {
    expect(FILES.toSorted()).toEqual(['check.yml', 'nightly.yml', 'release.yml']);
  });

  it('check the lowest Node that engines allow, and each major version that is tested here', () => {
    const lowest = /(\d+\.\d+\.\d+)/.exec(manifest.engines.node)?.[1];
    const { node, memcached } = workflow('check.yml').jobs.check.strategy!.matrix;
    expect(node).toEqual([lowest, ...Object.keys(NODES).slice(1)]);
    expect(memcached).toEqual(['1.6.18', 'newest']);
    expect(Object.keys(NODES).map(Number)).toEqual([20, 22, 24, 26]);
  });

  it('know no other Node', () => {
    const wanted = new Set(['20.19.0', ...Object.keys(NODES)]);
    const named = [
      ...steps.map((step) => step.with?.['node-version']).filter((version) => typeof version === 'string'),
      ...FILES.flatMap((file) => jobs(file).flatMap(([, job]) => job.strategy?.matrix.node ?? [])),
    ];
    expect(named.length).toBeGreaterThan(5);
    const placeholder = /\{ matrix\.node \}/;
    expect(named.filter((version) => !wanted.has(version) && !placeholder.test(version))).toEqual([]);
  });

  it('run scripts that there are', () => {
    const lines = steps
      .flatMap(({ run, with: given }) => [run, given?.version])
      .filter((line) => typeof line === 'string')
      .join('\n');
    const called = [...lines.matchAll(/npm (?:run (?:--silent )?)?([\w:-]+)/g)].map(([, name]) => name);
    const ofNpm = new Set(['install', 'audit']);
    expect(called).toEqual(expect.arrayContaining(['check', 'release', 'bump', 'newest-peers', 'test']));
    expect(called.filter((name) => !ofNpm.has(name) && !(name in manifest.scripts))).toEqual([]);
    for (const [path] of lines.matchAll(/scripts\/[\w./-]+/g)) {
      expect([path, existsSync(new URL(path, ROOT))]).toEqual([path, true]);
    }
  });

  it('may write only where a version is made, and ask for a token of the registry only where one is published', () => {
    for (const file of FILES) expect(workflow(file).permissions).toEqual({ contents: 'read' });
    const more = FILES.flatMap((file) =>
      jobs(file).flatMap(([name, { permissions }]) => (permissions ? [[name, permissions]] : [])),
    );
    expect(more).toEqual([
      ['version', { contents: 'write', 'pull-requests': 'write' }],
      ['publish', { contents: 'read', 'id-token': 'write' }],
    ]);
    expect(read('.github/workflows/release.yml')).not.toMatch(/NPM_TOKEN|NODE_AUTH_TOKEN/);
  });

  it('keep no credentials in what they check out, but to make a version, and name the version of each action', () => {
    for (const file of FILES) {
      for (const [name, job] of jobs(file)) {
        for (const { uses, with: given } of job.steps) {
          if (uses === undefined) continue;
          expect(uses).toMatch(/@v\d+$/);
          if (uses.startsWith('actions/checkout@') && name !== 'version')
            expect([name, given?.['persist-credentials']]).toEqual([name, false]);
        }
      }
    }
  });

  it('may be tried by hand without publishing', () => {
    const { on } = workflow('release.yml');
    expect(on).toMatchObject({
      workflow_dispatch: { inputs: { 'dry-run': { type: 'boolean', default: true } } },
    });
  });
});

describe('the forms of issues', () => {
  const forms = readdirSync(new URL('.github/ISSUE_TEMPLATE/', ROOT)).filter((file) => file !== 'config.yml');

  it.each(forms)('%s has a name, a description and something to fill in', (file) => {
    const form = parse(read(`.github/ISSUE_TEMPLATE/${file}`)) as Record<string, unknown>;
    expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) });
    expect(form.body).toContainEqual(expect.objectContaining({ type: 'textarea' }));
  });
});
