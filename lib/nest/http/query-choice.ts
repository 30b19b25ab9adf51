/** Parsers of queries read no more parameters than that, and leave the others out without a word. */
const MOST_READ = 1000;

/** Behind the first `=`, what some parsers take for the end of the name: `a=b]=c`. */
const LATER_END = /(?:\]|%5D)=/i;

/** Which parameters of a query an answer depends on. */
export class QueryChoice {
  readonly #names: ReadonlySet<string>;
  readonly #beginnings: readonly string[];
  readonly #counts: boolean;

  /**
   * @param names of parameters; `*` at the end stands for any text. Among those that count, `page[number]` stands for all
   *   of `page`.
   * @param counts whether those that are named count, or all others.
   */
  constructor(names: readonly string[], counts: boolean) {
    const meant = counts ? names.map(baseOf) : names;
    this.#names = new Set(meant.filter((name) => !name.endsWith('*')));
    this.#beginnings = meant.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
    this.#counts = counts;
  }

  /**
   * Leaves of a path with its query what counts, in the order of the names.
   *
   * `filter`, `filter[size]` and `filter[]` are parameters of their own to some parsers, and one to others: where one of them
   * counts, all do, in their order. What stays, stays as it was written: the application may tell apart what decodes to the
   * same. So does a query that the application may read in another way: with a `#`, behind which Express reads nothing; with
   * more parameters than are read; with a parameter without a name, since `[page]` is one to some parsers; and with a name
   * that cannot be decoded, or does not end where it seems to.
   */
  apply(url: string): string {
    const start = url.indexOf('?');
    if (start < 0 || url.includes('#')) return url;
    const written = url.slice(start + 1).split('&');
    if (written.length > MOST_READ) return url;
    const parameters = written.filter((each) => each !== '').map(parameterOf);
    if (!parameters.every(isReadAlike)) return url;
    const counting = new Set(parameters.filter(({ name }) => this.#doesCount(name)).map(({ base }) => base));
    const kept = parameters
      .filter(({ base }) => counting.has(base))
      .toSorted(byBase)
      .map((each) => each.written);
    return kept.length === 0 ? url.slice(0, start) : `${url.slice(0, start)}?${kept.join('&')}`;
  }

  #doesCount(name: string): boolean {
    return this.#counts ? this.#isNamed(baseOf(name)) : !this.#isNamed(name);
  }

  #isNamed(name: string): boolean {
    return this.#names.has(name) || this.#beginnings.some((beginning) => name.startsWith(beginning));
  }
}

/** One parameter of a query. */
interface Parameter {
  readonly written: string;
  readonly name: string;
  /** The name, up to what it says of its place within an object or a list. */
  readonly base: string;
}

/** @returns a parameter without a name for what is no name, or may be another one. */
function parameterOf(written: string): Parameter {
  const [start] = written.split('=', 1);
  const name = LATER_END.test(written.slice(start.length + 1)) ? '' : decoded(start.replaceAll('+', ' '));
  return { written, name, base: baseOf(name) };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return '';
  }
}

function baseOf(name: string): string {
  return name.split('[', 1)[0];
}

function isReadAlike({ base }: Parameter): boolean {
  return base !== '';
}

function byBase({ base: one }: Parameter, { base: other }: Parameter): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
