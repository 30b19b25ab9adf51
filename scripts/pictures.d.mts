export interface Picture {
  readonly file: string;
  readonly wanted: string;
}

export function pictures(): Picture[];
export function present(file: string): string;
