/** Parsers of queries read no more parameters than that, and leave the others out without a word. */
const MOST_READ = 1000;

/** Which parameters of a query an answer depends on. */
export class QueryChoice {
  readonly #names: ReadonlySet<string>;
  readonly #beginnings: readonly string[];
  readonly #counts: boolean;

  /**
   * @param names of parameters; `*` at the end stands for any text.
   * @param counts whether those that are named count, or all others.
   */
  constructor(names: readonly string[], counts: boolean) {
    this.#names = new Set(names.filter((name) => !name.endsWith('*')));
    this.#beginnings = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
    this.#counts = counts;
  }

  /**
   * Leaves of a path with its query what counts, in the order of the names.
   *
   * Parameters of one name keep their order, and `filter[size]` is part of `filter`. What stays, stays as it was written:
   * the application may tell apart what decodes to the same. So does a query that the application may read in another way: with
   * a `#`, behind which Express reads nothing; with more parameters than are read; and a parameter without a name, since
   * `[page]` is one to some parsers.
   */
  apply(url: string): string {
    const start = url.indexOf('?');
    if (start < 0 || url.includes('#')) return url;
    const parameters = url.slice(start + 1).split('&');
    if (parameters.length > MOST_READ) return url;
    const kept = parameters
      .map((written): [name: string, written: string] => [nameOf(written), written])
      .filter(([name, written]) => written !== '' && (name === '' || this.#isNamed(name) === this.#counts))
      .toSorted(byName)
      .map(([, written]) => written);
    return kept.length === 0 ? url.slice(0, start) : `${url.slice(0, start)}?${kept.join('&')}`;
  }

  #isNamed(name: string): boolean {
    return this.#names.has(name) || this.#beginnings.some((beginning) => name.startsWith(beginning));
  }
}

/** The name of a parameter, up to what it says of its place within an object or a list. */
function nameOf(written: string): string {
  const name = written.split('=', 1)[0].replaceAll('+', ' ');
  try {
    return decodeURIComponent(name).split('[', 1)[0];
  } catch {
    return name;
  }
}

function byName([one]: [string, string], [other]: [string, string]): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
