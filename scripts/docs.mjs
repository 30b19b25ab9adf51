/**
 * `npm run docs`: builds the site into docs/.vitepress/dist, with nothing but what npm has installed.
 *
 * The pages of the API are made of docstrings, everything else is Markdown in docs/. A fault of a docstring, any warning of
 * the build, a dead link or anchor, a switch of the language that leads nowhere, and anything that a browser would fetch from
 * another host end it with status 1. `npm run docs -- --serve` goes on to show the site on this machine.
 */
import { build, serve } from 'vitepress';
import { fileURLToPath } from 'node:url';
import { writeApi } from './docs/api.mjs';
import { faultsOfSite } from './docs/faults.mjs';
import { warningsDuring } from './docs/warnings.mjs';

const DOCS = fileURLToPath(new URL('../docs', import.meta.url));

await writeApi();
const warnings = await warningsDuring(() => build(DOCS));
const { pages, links, faults } = faultsOfSite(`${DOCS}/.vitepress/dist`);
for (const fault of [...warnings.map((text) => `warning: ${text}`), ...faults]) console.error(fault);
console.log(`${pages} pages, ${links} links, ${warnings.length + faults.length} faults`);
if (warnings.length + faults.length > 0) process.exitCode = 1;
else if (process.argv.includes('--serve')) await serve({ root: DOCS, port: 4173 });
