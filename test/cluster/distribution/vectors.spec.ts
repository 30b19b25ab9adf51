import { describe, expect, it } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createPlacement } from '../../../lib/cluster/distribution/distribution.js';
import { keyHash } from '../../../lib/cluster/distribution/hash/named.js';
import { compareVectors } from '../../../scripts/compare-vectors.mjs';

const FOLDER = new URL('../../fixtures/vectors/', import.meta.url);

function vectorsOf(name: string): { clusters: { keys: Record<string, number | null> }[] } {
  return JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, FOLDER))).toString());
}

const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json.gz'))
  .map((file) => file.slice(0, -'.json.gz'.length))
  .sort();

describe('the golden vectors', () => {
  it('are there for every client', () => {
    expect(names).toHaveLength(61);
  });

  it.each(names)('%s: every key has the server that the real client picked', (name) => {
    const { checked, mismatches } = compareVectors(name, vectorsOf(name), { createPlacement, keyHash });
    expect(mismatches).toEqual([]);
    expect(checked).toBeGreaterThan(0);
  });

  it('show a difference where there is one', () => {
    const vectors = vectorsOf('dalli');
    const { keys } = vectors.clusters[1];
    const [key] = Object.keys(keys);
    keys[key] = 1 - (keys[key] as number);
    const { mismatches } = compareVectors('dalli', vectors, { createPlacement, keyHash });
    expect(mismatches).toHaveLength(1);
    expect(mismatches[0]).toContain(JSON.stringify(key));
  });

  it('are refused when nobody knows what made them', () => {
    expect(() => compareVectors('nobody', vectorsOf('dalli'), { createPlacement, keyHash })).toThrow(
      'no distribution is known for the vectors nobody',
    );
  });
});
