import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const page = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** `[test](test/file.spec.ts 'a title in it')` */
const REFERENCE = /\[test\]\((test\/[^ )]+) ['"]([^'"]+)['"]\)/g;

const security = page('SECURITY.md');

describe('the threat model in SECURITY.md', () => {
  const references = [...security.matchAll(REFERENCE)].map(([, path, title]) => ({ path, title }));

  it.each(references)('refers to a test that there is: $path, $title', ({ path, title }) => {
    expect(existsSync(new URL(`../../${path}`, import.meta.url))).toBe(true);
    expect(page(path)).toContain(`'${title}'`);
  });

  it('has a test behind every sentence of a list', () => {
    const items = security.split('\n').filter((line) => line.startsWith('- '));
    expect(items.length).toBeGreaterThan(10);
    expect(items.filter((item) => item.match(REFERENCE) === null)).toEqual([]);
  });
});
