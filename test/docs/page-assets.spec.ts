import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { assetsModule } from '../../scripts/dashboard-assets.mjs';

it('the files of the dashboard are in its module as they are; npm run build writes it', () => {
  const written = readFileSync(new URL('../../lib/dashboard/page-assets.ts', import.meta.url), 'utf8');
  // Not compared by toBe, which would show a hundred thousand characters.
  expect(written === assetsModule()).toBe(true);
});
