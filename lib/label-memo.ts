/**
 * Keeps what was made for each combination of up to four labels, such as attributes or a series of a metric: looked up
 * without writing the labels into one text. The labels are to be of bounded number.
 */
export class LabelMemo<T> {
  readonly #make: (a: string, b: string, c: string, d: string) => T;
  readonly #known = new Map<string, Map<string, Map<string, Map<string, Made<T>>>>>();
  /** What was asked for last, which is often asked for again. */
  #last: Made<T> | undefined;

  constructor(make: (a: string, b: string, c: string, d: string) => T) {
    this.#make = make;
  }

  /** What was made for these labels, or is made now. */
  of(a: string, b: string, c = '', d = ''): T {
    const last = this.#last;
    if (last?.a === a && last.b === b && last.c === c && last.d === d) return last.made;
    const found = this.#known.get(a)?.get(b)?.get(c)?.get(d) ?? this.#add(a, b, c, d);
    this.#last = found;
    return found.made;
  }

  /** Everything that was made. */
  *values(): IterableIterator<T> {
    for (const ofA of this.#known.values())
      for (const ofB of ofA.values())
        for (const ofC of ofB.values()) for (const { made } of ofC.values()) yield made;
  }

  #add(a: string, b: string, c: string, d: string): Made<T> {
    const found = { a, b, c, d, made: this.#make(a, b, c, d) };
    const ofA = inner(this.#known, a);
    inner(inner(ofA, b), c).set(d, found);
    return found;
  }
}

/** What was made, and for which labels. */
interface Made<T> {
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly d: string;
  readonly made: T;
}

function inner<V extends Map<string, unknown>>(outer: Map<string, V>, label: string): V {
  let map = outer.get(label);
  if (map === undefined) outer.set(label, (map = new Map() as V));
  return map;
}
