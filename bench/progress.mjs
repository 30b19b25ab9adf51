import { FIGURES } from './figures.mjs';

/** Says what is being measured: on a terminal in one line that changes, elsewhere in a line per workload and round. */
export class Progress {
  #rounds;
  #workloads;
  #last = '';

  constructor(rounds, workloads) {
    this.#rounds = rounds;
    this.#workloads = workloads;
  }

  show(round, { id, title }, contender) {
    const place = this.#workloads.findIndex((workload) => workload.id === id) + 1;
    const of = Number.isFinite(this.#rounds) ? ` of ${this.#rounds}` : '';
    const where = `round ${round + 1}${of}, ${place} of ${this.#workloads.length}: ${title}`;
    if (process.stderr.isTTY) this.#rewrite(`${where} · ${contender}`);
    else if (where !== this.#last) process.stderr.write(`${where}\n`);
    this.#last = where;
  }

  done({ figure }, contender, { figures, error }) {
    if (error !== undefined) this.#keep(`  ${contender}: ${error.split('\n', 1)[0]}`);
    else if (process.stderr.isTTY) {
      const { format, unit } = FIGURES[figure];
      this.#rewrite(`${this.#last} · ${contender}: ${format(figures[figure])} ${unit}`);
    }
  }

  end() {
    if (process.stderr.isTTY) this.#rewrite('');
  }

  #keep(line) {
    if (process.stderr.isTTY) this.#rewrite('');
    process.stderr.write(`${line}\n`);
  }

  #rewrite(line) {
    process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }
}
