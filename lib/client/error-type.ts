/** What conventions call the type of an error: its code where it has one, otherwise its class; never a message. */
export function errorTypeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string' && code !== '') return code;
  return typeof name === 'string' && name !== '' ? name : '_OTHER';
}

/** Whether an error is one of this package's, whose message may name a key; by its code, of whichever copy it comes. */
export function isOurs(error: unknown): boolean {
  return errorTypeOf(error).startsWith('MEMCACHED_');
}
