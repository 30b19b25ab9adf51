export interface PageGroup {
  readonly text: string;
  readonly pages: readonly (readonly [path: string, title: string])[];
}

export const ENGLISH: readonly PageGroup[];
export const CHINESE: readonly PageGroup[];
