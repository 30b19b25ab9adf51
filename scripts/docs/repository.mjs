import { readFileSync } from 'node:fs';

const MANIFEST = new URL('../../package.json', import.meta.url);

/** The address of the repository for a browser, from package.json, the one place that names its owner. */
export function repositoryUrl() {
  const { repository } = JSON.parse(readFileSync(MANIFEST, 'utf8'));
  return repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
}
