/**
 * `npm run package`: makes the package that users get, from what the build has written to `dist/`, in the folder `package/`.
 *
 * `npm pack ./package` and `npm publish ./package` take it from there; the repository itself is private, so that nothing
 * else is published by accident.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './package/bundle.mjs';
import { copyDeclarations, declareCommonJs } from './package/declarations.mjs';
import { entryPoints, programs } from './package/entry-points.mjs';
import { publishedManifest } from './package/manifest.mjs';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const PACKAGE = join(ROOT, 'package');

/** What goes into the package as it is: the sources are where source maps and declaration maps lead. */
const COPIED = ['lib', 'LICENSE', 'README.md', 'SECURITY.md'];

/** The page's files, which are in a module of their own as well. */
const PAGE = join(ROOT, 'lib/dashboard/page');

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const entries = Object.values(entryPoints(manifest));
const dist = join(ROOT, 'dist');
const to = join(PACKAGE, 'dist');

rmSync(PACKAGE, { recursive: true, force: true });
mkdirSync(join(to, 'cjs'), { recursive: true });
await bundle({ dist, entries, programs: programs(manifest) }, to);
copyDeclarations({ dist, entries }, to);
declareCommonJs(entries, to);
const isPacked = (source) => source !== PAGE;
for (const name of COPIED)
  cpSync(join(ROOT, name), join(PACKAGE, name), { recursive: true, filter: isPacked });
writeJson(join(to, 'cjs', 'package.json'), { type: 'commonjs' });
writeJson(join(PACKAGE, 'package.json'), publishedManifest(manifest));

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
