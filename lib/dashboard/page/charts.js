/* global uPlot */
import { byId, element, setText } from './dom.js';
import { seriesColour } from './servers.js';
import { bytes, count, milliseconds, rate, share, time } from './wording.js';

const HEIGHT = 200;

/** So many rows of figures are behind a chart. */
const MAX_ROWS = 120;

/** One chart each: what it is called, how its figures are said, and which curves it takes from the points. */
const CHARTS = [
  {
    title: 'Hit ratio of this process',
    say: share,
    top: 1,
    curves: () => [curve('hits among reads', (point) => point.hitRatio)],
  },
  {
    title: 'Loads, and loads saved',
    say: rate,
    curves: () => [
      curve('saved', (point) => point.savedPerSecond),
      curve('computed', (point) => point.loadsPerSecond),
    ],
  },
  {
    title: 'Time of commands',
    say: milliseconds,
    curves: () => [curve('median', (point) => point.p50), curve('p99', (point) => point.p99)],
  },
  { title: 'Memory', say: bytes, curves: (servers) => perServer(servers, 0) },
  { title: 'Evictions', say: rate, curves: (servers) => perServer(servers, 1) },
  { title: 'Connections', say: count, curves: (servers) => perServer(servers, 2) },
];

function curve(label, of) {
  return { label, of: (point) => of(point) ?? null };
}

function perServer(servers, place) {
  return servers.map((server) => curve(server, (point) => point.servers[server]?.[place]));
}

/** The curves of one module instance. */
export class Charts {
  #charts = [];
  #servers = [];
  #points = [];

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      if (this.#charts.length > 0) this.#draw();
    });
  }

  /** Takes all away. */
  clear() {
    for (const chart of this.#charts) chart.remove();
    this.#charts = [];
    byId('charts').replaceChildren();
  }

  /** Draws points, the newest last. */
  show(points, servers) {
    this.#points = points;
    const isSame =
      servers.length === this.#servers.length && servers.every((each, at) => each === this.#servers[at]);
    this.#servers = servers;
    if (isSame && this.#charts.length > 0) for (const chart of this.#charts) chart.update(points);
    else this.#draw();
  }

  #draw() {
    for (const chart of this.#charts) chart.remove();
    this.#charts = CHARTS.map((about, index) => new Chart(about, about.curves(this.#servers), index));
    byId('charts').replaceChildren(...this.#charts.map(({ figure }) => figure));
    for (const chart of this.#charts) chart.update(this.#points);
  }
}

class Chart {
  #about;
  #curves;
  #points = [];
  #plot;
  #room;
  #now;
  #box;
  #table;
  #details;
  #resize;

  constructor(about, curves, index) {
    this.#about = about;
    this.#curves = curves;
    this.#now = element('span', { className: 'quiet' });
    this.#box = element('div', { className: 'chart', role: 'img' });
    this.#table = element('div', {
      className: 'scroll',
      role: 'region',
      tabIndex: 0,
      ariaLabel: `${about.title}: figures`,
    });
    this.#details = element('details', {}, element('summary', {}, 'Figures'), this.#table);
    this.#details.addEventListener('toggle', () => this.#fillTable());
    const caption = element('figcaption', { id: `chart-${index}` }, about.title, this.#now);
    this.figure = element('figure', {}, caption, this.#box, this.#details);
    this.figure.setAttribute('aria-labelledby', caption.id);
    this.#resize = new ResizeObserver(() => this.#fit());
    this.#resize.observe(this.#box);
  }

  update(points) {
    this.#points = points;
    const data = [points.map(({ at }) => at / 1000), ...this.#curves.map(({ of }) => points.map(of))];
    if (this.#plot === undefined) this.#make(data);
    else this.#plot.setData(data);
    // What the curves come to now, unless somebody points at another place.
    if (this.#plot.cursor.left < 0) this.#plot.setLegend({ idx: points.length - 1 }, false);
    const { say } = this.#about;
    const last = points.at(-1);
    const now = last === undefined ? [] : this.#curves.map(({ label, of }) => `${label} ${say(of(last))}`);
    this.#box.setAttribute(
      'aria-label',
      `${this.#about.title}: ${now.join(', ') || 'nothing yet'}. The figures are below.`,
    );
    setText(this.#now, last !== undefined && this.#curves.length === 1 ? say(this.#curves[0].of(last)) : '');
    this.#fillTable();
  }

  remove() {
    this.#resize.disconnect();
    this.#plot?.destroy();
  }

  #make(data) {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const { say, top } = this.#about;
    const quiet = colour('--quiet');
    const axis = {
      stroke: quiet,
      font: '12px system-ui, sans-serif',
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { show: false },
    };
    this.#room = this.#width();
    this.#plot = new uPlot(
      {
        width: this.#room,
        height: HEIGHT,
        cursor: { points: { size: 6 }, drag: { x: false, y: false } },
        legend: { live: true },
        scales: { y: { range: (_plot, _least, most) => [0, top ?? (most > 0 ? most * 1.08 : 1)] } },
        axes: [
          { ...axis, space: 90, values: (_plot, ticks) => ticks.map((tick) => clock(tick)) },
          { ...axis, size: 62, space: 36, values: (_plot, ticks) => ticks.map((tick) => say(tick)) },
        ],
        series: [
          { label: 'at', value: (_plot, at) => (at == null ? '' : time(at * 1000)) },
          ...this.#curves.map(({ label }, index) => ({
            label,
            stroke: colour(seriesColour(index).slice('var('.length, -1)),
            width: 2,
            spanGaps: false,
            points: { show: false },
            value: (_plot, value) => say(value),
          })),
        ],
      },
      data,
      this.#box,
    );
  }

  #fit() {
    const width = this.#width();
    if (this.#plot === undefined || width === this.#room) return;
    this.#room = width;
    this.#plot.setSize({ width, height: HEIGHT });
  }

  #width() {
    return Math.max(240, Math.floor(this.#box.clientWidth));
  }

  /** The same in figures, newest first; made only while it is open. */
  #fillTable() {
    if (!this.#details.open) return;
    const { say, title } = this.#about;
    const rows = this.#points.slice(-MAX_ROWS).toReversed();
    const { scrollTop } = this.#table;
    this.#table.replaceChildren(
      element(
        'table',
        {},
        element('caption', { className: 'quiet' }, `${title}, newest first`),
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            element('th', { scope: 'col' }, 'At'),
            ...this.#curves.map(({ label }) => element('th', { scope: 'col', className: 'number' }, label)),
          ),
        ),
        element(
          'tbody',
          {},
          ...rows.map((point) =>
            element(
              'tr',
              {},
              element('th', { scope: 'row' }, time(point.at)),
              ...this.#curves.map(({ of }) => element('td', { className: 'number' }, say(of(point)))),
            ),
          ),
        ),
      ),
    );
    this.#table.scrollTop = scrollTop;
  }
}

function clock(unixSeconds) {
  return new Date(unixSeconds * 1000).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}
