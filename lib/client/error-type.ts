/** What conventions call the type of an error: its code where it has one, otherwise its class; never a message. */
export function errorTypeOf(error: unknown): string {
  return textIn(error, 'code') || textIn(error, 'name') || '_OTHER';
}

/** Whether an error is one of this package's, whose message may name a key; by its code, of whichever copy it comes. */
export function isOurs(error: unknown): boolean {
  return errorTypeOf(error).startsWith('MEMCACHED_');
}

/** A text that an error bears. The reason of a signal may be anything: no object, or one that throws when it is looked at. */
export function textIn(error: unknown, name: string): string | undefined {
  try {
    const value = (error as Readonly<Record<string, unknown>> | null | undefined)?.[name];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
