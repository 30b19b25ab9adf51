/**
 * `npm run release`: publishes the package of this version, unless the registry has it. `-- --dry-run` does all but publish.
 *
 * In CI, the registry knows the workflow that runs this (trusted publishing): there is no token, and users see by the
 * provenance which commit and which run a version comes from.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, run, succeeds } from '../command.mjs';

const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
const isDry = values['dry-run'];
const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

if (await succeeds('npm', ['view', `${name}@${version}`, 'version', '--json'])) {
  console.log(`${name}@${version} is published`);
} else {
  if (!isDry) refuseUnreleased();
  await run('npm', ['run', 'package'], { live: true });
  const provenance = process.env.GITHUB_ACTIONS === 'true' && !isDry ? ['--provenance'] : [];
  const args = ['publish', './package', '--access', 'public', ...provenance, ...(isDry ? ['--dry-run'] : [])];
  await run('npm', args, { live: true });
  console.log(isDry ? `would publish ${name}@${version}` : `published ${name}@${version}`);
}

/** A version goes out with what changed in it. */
function refuseUnreleased() {
  const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
  if (!new RegExp(`^## ${version.replaceAll('.', '\\.')}$`, 'm').test(changelog))
    throw new Error(`CHANGELOG.md has no section "## ${version}"`);
}
