/**
 * Writes `lib/dashboard/page-assets.ts`: the files of the dashboard's page as texts in a module, with uPlot.
 *
 * As texts they are found however the package is loaded: as ES modules, as CommonJS, bundled or from an archive. The build
 * writes them, and a test compares.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const PAGE = join(ROOT, 'lib/dashboard/page');
const UPLOT = join(ROOT, 'node_modules/uplot');
const TARGET = join(ROOT, 'lib/dashboard/page-assets.ts');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The module as it should be. */
export function assetsModule() {
  const files = readdirSync(PAGE).map((name) => [name, readFileSync(join(PAGE, name), 'utf8')]);
  const assets = [...files, ...uplot()].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const entries = assets.map(
    ([name, text]) =>
      `  ${JSON.stringify(name)}: { type: ${JSON.stringify(TYPES[extname(name)])}, text: ${JSON.stringify(text)} },\n`,
  );
  return [
    '// Written by scripts/dashboard-assets.mjs from page/ and from uPlot, whose licence is in uplot.js.\n\n',
    '/** A file of the page. */\n',
    'export interface PageAsset {\n  /** Its media type. */\n  readonly type: string;\n  readonly text: string;\n}\n\n',
    '/** The files of the page by their names. */\n',
    'export const PAGE_ASSETS: Readonly<Record<string, PageAsset>> = {\n',
    ...entries,
    '};\n',
  ].join('');
}

/** uPlot with its licence. */
function uplot() {
  const read = (path) => readFileSync(join(UPLOT, path), 'utf8');
  const licence = `/*!\n${read('LICENSE').trimEnd()}\n*/\n`;
  return [
    ['uplot.js', licence + read('dist/uPlot.iife.min.js')],
    ['uplot.css', licence + read('dist/uPlot.min.css')],
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, assetsModule());
