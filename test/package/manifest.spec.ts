import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { entryPoints, programs } from '../../scripts/package/entry-points.mjs';
import { type Manifest, publishedManifest } from '../../scripts/package/manifest.mjs';

const ours = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest;

describe('the manifest that is published', () => {
  const published = publishedManifest(ours);

  it('has every entry point for ES modules and for what cannot load them, and the same one for Node in both ways', () => {
    const { './package.json': manifest, ...entries } = published.exports;
    expect(manifest).toBe('./package.json');
    expect(Object.keys(entries)).toEqual(Object.keys(entryPoints(ours)));
    for (const [subpath, name] of Object.entries(entryPoints(ours))) {
      const module = { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` };
      const required = { types: `./dist/cjs/${name}.d.ts`, default: `./dist/cjs/${name}.js` };
      expect([subpath, entries[subpath]]).toEqual([
        subpath,
        { 'module-sync': module, import: module, require: required },
      ]);
      // Node takes the first condition that it knows: require() knows module-sync.
      expect(Object.keys(entries[subpath] as object)).toEqual(['module-sync', 'import', 'require']);
    }
  });

  it('names the entry points of the oldest resolution of TypeScript too', () => {
    const { '*': old } = published.typesVersions as { '*': Record<string, string[]> };
    expect(Object.keys(old).map((name) => `./${name}`)).toEqual(
      Object.keys(entryPoints(ours)).filter((subpath) => subpath !== '.'),
    );
  });

  it('bears nothing that only this repository needs, and no leave to publish the repository itself', () => {
    expect(ours.private).toBe(true);
    expect(Object.keys(published)).not.toEqual(
      expect.arrayContaining(['private', 'scripts', 'workspaces', 'devDependencies']),
    );
    for (const field of ['dependencies', 'peerDependencies', 'peerDependenciesMeta', 'engines', 'bin']) {
      expect([field, published[field]]).toEqual([field, ours[field]]);
    }
  });
});

describe('an entry point', () => {
  it.each([
    ['has its code elsewhere', { types: './dist/x.d.ts', default: './lib/x.js' }],
    ['has its types elsewhere', { types: './dist/y.d.ts', default: './dist/x.js' }],
    ['has more ways in', { types: './dist/x.d.ts', default: './dist/x.js', browser: './dist/y.js' }],
  ])('is refused that %s', (_, target) => {
    expect(() => entryPoints({ exports: { './x': target } })).toThrow("exports['./x']");
  });

  it('may be a program', () => {
    expect(programs({ bin: { tool: 'dist/cli/main.js' } })).toEqual(['cli/main']);
    expect(() => programs({ bin: { tool: './scripts/main.mjs' } })).toThrow('./scripts/main.mjs');
  });
});
