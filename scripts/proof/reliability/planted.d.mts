/** A fault to be planted: `from` stands once in a file of the build, and becomes `to`. */
export interface Planted {
  name: string;
  file: string;
  from: string;
  to: string;
  by: string;
  finds: string[];
}

export const PLANTED: readonly Planted[];
