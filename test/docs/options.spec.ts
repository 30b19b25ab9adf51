import { readFileSync } from 'node:fs';
import { describe, expect, it, jest } from '@jest/globals';
import { optionsPage, wrongDefaults } from '../../scripts/options.mjs';

const load = (file: string): Promise<unknown> => import(`../../lib/${file}.js`);

// The compiler and the formatter take their time on a machine that does much else.
jest.setTimeout(120_000);

describe('the page of options', () => {
  it('says what the code says; npm run options writes it', async () => {
    const page = readFileSync(new URL('../../docs/options.md', import.meta.url), 'utf8');
    expect(page).toBe(await optionsPage(load));
  });

  it('finds the same defaults in docstrings as in readers', async () => {
    expect(await wrongDefaults(load)).toEqual([]);
  });
});
