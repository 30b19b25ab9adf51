/** Elsewhere than on a terminal, nothing is said more often than this. */
const PAUSE_MS = 5000;

/** What is going on, in one line: rewritten on a terminal, one line each time it says something new elsewhere. */
export class Progress {
  /** @readonly */
  #out;
  #title = '';
  #said = 0;

  constructor(out) {
    this.#out = out;
  }

  begin(title) {
    this.#title = title;
    this.#said = performance.now();
    this.#out.write(this.#out.isTTY ? `\r\x1b[K${title}` : `${title}\n`);
  }

  /** @param {boolean} [isLast] what came of it, to be said in any case. */
  tell(text, isLast = false) {
    if (isLast) {
      this.#out.write(`${this.#out.isTTY ? `\r\x1b[K${this.#title}: ` : '  '}${text}\n`);
    } else if (this.#out.isTTY) {
      this.#out.write(`\r\x1b[K${this.#title}: ${text}`);
    } else if (performance.now() - this.#said > PAUSE_MS) {
      this.#said = performance.now();
      this.#out.write(`  ${text}\n`);
    }
  }

  end() {
    if (this.#out.isTTY) this.#out.write('\r\x1b[K');
  }
}
