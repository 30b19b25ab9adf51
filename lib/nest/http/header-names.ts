/** Headers by their lower-case names. */
export type Headers = Readonly<Record<string, string | readonly string[] | number | undefined>>;

const NONE: ReadonlySet<string> = new Set();

/** The comma-separated names in a header, in lower case. */
export function names(header: Headers[string]): string[] {
  if (header === undefined) return [];
  return String(header)
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

/** The directives of a `Cache-Control` header, without their arguments. */
export function directives(header: Headers[string]): ReadonlySet<string> {
  if (header === undefined) return NONE;
  return new Set(names(header).map((directive) => directive.split('=')[0].trim()));
}
