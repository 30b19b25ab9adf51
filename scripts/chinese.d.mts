export interface Pair {
  readonly chinese: string;
  readonly english: string;
}

export function pairs(): Pair[];
export function outOfStep(pair: Pair): string[];
