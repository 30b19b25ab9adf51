import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { DISTRIBUTION_NAMES, createPlacement } from '../../../lib/cluster/distribution/distribution.js';
import { HASH_NAMES } from '../../../lib/cluster/distribution/hash/named.js';
import { measureDistributions } from '../../../scripts/measure-distributions.mjs';

const page = readFileSync(new URL('../../../docs/distributions.md', import.meta.url), 'utf8');

describe('docs/distributions.md', () => {
  it('explains every distribution', () => {
    expect(DISTRIBUTION_NAMES.filter((name) => !page.includes(`**\`${name}\`**`))).toEqual([]);
  });

  it('names every hash', () => {
    expect(HASH_NAMES.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('tells of each distribution about as many moved keys as a smaller sample has', () => {
    const names = DISTRIBUTION_NAMES.filter((name) => name !== 'modulo');
    const rows = page.matchAll(/^\| `([\w-]+)` +\| ([\d.]+) % +\| ([\d.]+) % +\|/gm);
    const written = new Map([...rows].map(([, name, ...percents]) => [name, percents.map(Number)]));
    expect([...written.keys()]).toEqual(names);
    const sample = { spreadKeys: 100, movedKeys: 800 };
    for (const { name, out, removed } of measureDistributions({ createPlacement, names }, sample)) {
      const [writtenOut, writtenRemoved] = written.get(name) as number[];
      expect(Math.abs(out * 100 - writtenOut)).toBeLessThan(4);
      expect(Math.abs(removed * 100 - writtenRemoved)).toBeLessThan(4);
    }
  });
});
