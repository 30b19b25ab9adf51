import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { errorsOf, errorsPage } from '../../scripts/errors.mjs';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the page of errors', () => {
  it('says what the docstrings say; npm run errors writes it', async () => {
    const page = read('docs/errors.md');
    expect(page).toBe(await errorsPage(page));
  });

  it('has every code that there is, with its cause and what to do about it', () => {
    const [, union] = /type MemcachedErrorCode =([^;]+);/.exec(read('lib/errors.ts'))!;
    const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code);
    expect(
      errorsOf()
        .map(({ code }) => code)
        .toSorted(),
    ).toEqual(codes.toSorted());
    expect(errorsOf().filter(({ cause, mend }) => cause === '' || mend === '')).toEqual([]);
  });
});
