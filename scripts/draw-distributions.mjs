import { mkdir, writeFile } from 'node:fs/promises';
import * as vega from 'vega';
import { compile } from 'vega-lite';
import { measureDistributions } from './measure-distributions.mjs';

const TARGET = new URL('../docs/images/distributions.svg', import.meta.url);

const { createPlacement, DISTRIBUTION_NAMES } = await import('../dist/cluster/distribution/distribution.js');
const names = DISTRIBUTION_NAMES.filter((name) => name !== 'modulo');
const measured = measureDistributions({ createPlacement, names });

const spec = {
  title: 'Keys that move when one of ten servers leaves',
  width: 520,
  height: { step: 11 },
  data: {
    values: measured.flatMap(({ name, out, removed }) => [
      { name, share: out, when: 'down, failover next' },
      { name, share: removed, when: 'taken from the list' },
    ]),
  },
  mark: 'bar',
  encoding: {
    y: { field: 'name', type: 'nominal', sort: null, title: null, axis: { labelLimit: 0 } },
    yOffset: { field: 'when' },
    x: {
      field: 'share',
      type: 'quantitative',
      title: 'share of all keys',
      axis: { format: '%' },
      scale: { domain: [0, 1] },
    },
    color: { field: 'when', title: 'the server is', scale: { range: ['#4c78a8', '#f58518'] } },
  },
  config: { background: 'white', font: 'sans-serif' },
};

const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
await mkdir(new URL('.', TARGET), { recursive: true });
await writeFile(TARGET, await view.toSVG());

// The table of docs/distributions.md.
const percent = (share) => `${(share * 100).toFixed(1)} %`;
for (const { name, out, removed, emptiest, fullest } of measured) {
  console.log(
    `| \`${name}\` | ${percent(out)} | ${percent(removed)} | ${emptiest.toFixed(2)} to ${fullest.toFixed(2)} |`,
  );
}
