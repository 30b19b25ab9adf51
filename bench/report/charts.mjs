import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';
import { OURS } from '../contenders.mjs';
import { FIGURES } from '../figures.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const IMAGES = join(ROOT, 'docs', 'images');

const COLOURS = { ours: '#e0234e', floor: '#9aa0a6', rival: '#4c78a8', redis: '#b8c4d6' };
const KINDS = { ours: OURS, floor: 'without a client', rival: 'memcached clients', redis: 'Redis clients' };

/** The two charts of README: from which workloads, and with what above them. */
const CHARTS = [
  {
    file: 'bench-clients.svg',
    title: 'Operations a second, one socket to one server',
    columns: 2,
    workloads: ['get-64', 'set-64', 'many-1', 'mixed-256'],
    width: 250,
  },
  {
    file: 'bench-nest.svg',
    title: 'Reads of what is cached, a second',
    columns: 1,
    workloads: [
      'get-or-set',
      'near-text-same',
      'http-early-before-middleware-express',
      'http-early-before-middleware-fastify',
    ],
    width: 380,
  },
];

/**
 * Draws the charts of README from a result.
 *
 * @returns {Promise<string[]>} their paths from the root of the repository.
 */
export async function drawCharts(summary) {
  mkdirSync(IMAGES, { recursive: true });
  const files = [];
  for (const chart of CHARTS) {
    const file = join(IMAGES, chart.file);
    writeFileSync(file, `${await toSvg(specify(chart, summary))}\n`);
    files.push(relative(ROOT, file));
  }
  return files;
}

async function toSvg(spec) {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  return view.toSVG();
}

function specify({ title, columns, workloads, width }, summary) {
  const measured = workloads.flatMap((id) => summary.workloads.filter((workload) => workload.id === id));
  const { date, machine, versions } = summary.result;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: {
      text: title,
      subtitle: `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Node ${versions.node}`,
      anchor: 'start',
      offset: 14,
    },
    background: 'white',
    padding: 12,
    columns,
    concat: measured.map((workload) => bars(workload, summary, width)),
    config: { font: 'sans-serif', view: { stroke: null }, concat: { spacing: 28 } },
  };
}

/** One workload: a bar for everybody who took part, the fastest above. */
function bars(workload, summary, width) {
  const values = summary
    .contenders(workload)
    .filter(({ kind, callbacks }) => kind in KINDS && !callbacks)
    .map(({ name, kind }) => {
      const rate = summary.median(workload.id, name, 'rate');
      return { name, kind: KINDS[kind], rate, label: FIGURES.rate.format(rate) };
    })
    .toSorted((a, b) => b.rate - a.rate);
  const fastestFirst = values.map(({ name }) => name);
  const y = {
    field: 'name',
    type: 'nominal',
    sort: fastestFirst,
    title: null,
    axis: { labelLimit: 320, ticks: false },
  };
  const x = { field: 'rate', type: 'quantitative', axis: null, scale: { domainMin: 0 } };
  return {
    title: { text: workload.title, anchor: 'start', fontSize: 12 },
    width,
    height: { step: 18 },
    data: { values },
    encoding: { y, x },
    layer: [
      {
        mark: { type: 'bar', height: 13 },
        encoding: {
          color: {
            field: 'kind',
            type: 'nominal',
            scale: { domain: Object.values(KINDS), range: Object.keys(KINDS).map((kind) => COLOURS[kind]) },
            legend: null,
          },
        },
      },
      { mark: { type: 'text', align: 'left', dx: 4, fontSize: 10 }, encoding: { text: { field: 'label' } } },
    ],
  };
}
