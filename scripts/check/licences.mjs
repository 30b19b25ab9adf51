import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../command.mjs';

/** What may be used, changed and passed on with no more than a notice. */
const FREE = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]);

/** Under another licence, or without one in the manifest, and why that is no trouble. */
const LOOKED_AT = {
  busboy: 'MIT, by its LICENSE; the manifest has the old form',
  streamsearch: 'MIT, by its LICENSE; the manifest has the old form',
  spawndamnit: 'MIT, by its LICENSE',
  'caniuse-lite': 'CC-BY-4.0: data of which tools, nothing that is published, make use',
};

/**
 * Refuses whatever is installed under a licence that nobody has looked at. Most of it is for the tests, the samples and the
 * site; users get what `dependencies` of package.json names.
 */
export async function checkLicences() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const unknown = Object.entries(packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && !link)
    .map(([path, { license = 'none named' }]) => ({ name: path.replace(/^.*node_modules\//, ''), license }))
    .filter(({ name, license }) => !isFree(license) && !(name in LOOKED_AT))
    .map(({ name, license }) => `${name}: ${license}`);
  if (unknown.length > 0) throw new Error(`licences to look at:\n${unknown.join('\n')}`);
}

/** `A`, `(A OR B)`, `A AND B` */
function isFree(license) {
  const words = license.replace(/[()]/g, '').split(/ (AND|OR) /);
  const ids = words.filter((word) => word !== 'AND' && word !== 'OR');
  return words.includes('OR') ? ids.some((id) => FREE.has(id)) : ids.every((id) => FREE.has(id));
}
