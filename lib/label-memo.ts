/**
 * Keeps what was made for each combination of up to four labels, such as attributes or a series of a metric: looked up
 * without writing the labels into one text. The labels are to be of bounded number.
 */
export class LabelMemo<T> {
  readonly #make: (a: string, b: string, c: string, d: string) => T;
  readonly #known = new Map<string, Map<string, Map<string, Map<string, T>>>>();

  constructor(make: (a: string, b: string, c: string, d: string) => T) {
    this.#make = make;
  }

  /** What was made for these labels, or is made now. */
  of(a: string, b: string, c = '', d = ''): T {
    return this.#known.get(a)?.get(b)?.get(c)?.get(d) ?? this.#add(a, b, c, d);
  }

  /** Everything that was made. */
  *values(): IterableIterator<T> {
    for (const ofA of this.#known.values())
      for (const ofB of ofA.values()) for (const ofC of ofB.values()) yield* ofC.values();
  }

  #add(a: string, b: string, c: string, d: string): T {
    const made = this.#make(a, b, c, d);
    const ofA = inner(this.#known, a);
    inner(inner(ofA, b), c).set(d, made);
    return made;
  }
}

function inner<V extends Map<string, unknown>>(outer: Map<string, V>, label: string): V {
  let map = outer.get(label);
  if (map === undefined) outer.set(label, (map = new Map() as V));
  return map;
}
