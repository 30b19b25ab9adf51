import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const page = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** `[test](../test/file.spec.ts 'a title in it')` */
const REFERENCE = /\[test\]\(\.\.\/(test\/[^ )]+) ['"]([^'"]+)['"]\)/g;

const staleness = page('docs/staleness.md');

/** The lines of a section's table, without its head. */
function rows(title: string): readonly string[] {
  const section = staleness.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
}

describe('the promises in docs/staleness.md', () => {
  const promises = rows('Which test holds what');

  it('have a test each', () => {
    expect(promises.length).toBeGreaterThan(20);
    expect(promises.filter((line) => line.match(REFERENCE) === null)).toEqual([]);
  });

  it.each([...promises.join('\n').matchAll(REFERENCE)].map(([, path, title]) => ({ path, title })))(
    'are held by a test that there is: $path, $title',
    ({ path, title }) => {
      expect(existsSync(new URL(`../../${path}`, import.meta.url))).toBe(true);
      expect(page(path)).toContain(`'${title}'`);
    },
  );

  it('are told for every kind of server', () => {
    const cells = rows('Which server keeps which promise').map((line) => line.split('|').slice(1, -1));
    expect(cells.length).toBeGreaterThan(5);
    for (const row of cells) {
      expect(row).toHaveLength(8);
      expect(row.every((cell) => cell.trim() !== '')).toBe(true);
    }
  });
});
