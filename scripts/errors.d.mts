export interface ThrownError {
  readonly name: string;
  readonly code: string;
  readonly cause: string;
  readonly mend: string;
  readonly fields: readonly string[];
}

export function errorsOf(): ThrownError[];
export function errorsPage(written: string): Promise<string>;
