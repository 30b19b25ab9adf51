export interface Comparison {
  /** How many answers were compared. */
  checked: number;
  /** A sentence for each that differs. */
  mismatches: string[];
}

export function compareVectors(
  name: string,
  vectors: unknown,
  lib: {
    createPlacement: (option: never, servers: never) => unknown;
    keyHash: (hash: never) => (key: string) => number;
  },
): Comparison;
