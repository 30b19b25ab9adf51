import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { outOfStep, pairs } from '../../scripts/chinese.mjs';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('a page in Chinese', () => {
  it.each(pairs())('is in step with the English one, section by section: $chinese', (pair) => {
    expect(outOfStep(pair)).toEqual([]);
  });

  it.each(pairs())('shows the same code: $chinese', ({ chinese, english }) => {
    const snippets = (path: string): string[] =>
      [...read(path).matchAll(/<!-- snippet: ([\w-]+) -->/g)].map(([, name]) => name);
    expect(snippets(chinese)).toEqual(snippets(english));
  });
});
