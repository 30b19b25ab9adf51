import type { Request, RequestKind } from '../protocol/request.js';
import { textIn } from './error-type.js';
import type { ItemsFound } from './many-reader.js';
import type { CasResult, LeaseRead } from './results.js';

/** What messages call a command: a line command by its first word. */
export function operationOf(request: Request): string {
  return request.kind === 'line' ? request.label : request.kind;
}

/** What has come of a command; see `CommandMessage`. */
export type CommandOutcome =
  'hit' | 'miss' | 'done' | 'not-done' | 'stored' | 'exists' | 'not-found' | 'error' | undefined;

/** The keys of a command as the user wrote them. */
export function keysOf({ userKey, details }: Request): readonly string[] {
  return details.userKeys ?? (userKey === '' ? NO_KEYS : [userKey]);
}

export function keyCountOf({ userKey, details: { userKeys } }: Request): number {
  if (userKeys !== undefined) return userKeys.length;
  return userKey === '' ? 0 : 1;
}

/** How many keys of a read were found, by what came of it. */
export function hitsOf(request: Request, outcome: CommandOutcome, result: unknown): number {
  const isOfMany = request.kind === 'get-many' || request.kind === 'gets-many';
  if (isOfMany) return (result as ItemsFound | undefined)?.hits ?? 0;
  return outcome === 'hit' ? keyCountOf(request) : 0;
}

/** The server that an error names. */
export function serverOf(error: unknown): string {
  return textIn(error, 'server') ?? '';
}

export const NO_KEYS: readonly string[] = Object.freeze([]);

/** What a result says, by the kind of request: a value that was read may look like anything. */
export function outcomeOf(kind: RequestKind, result: unknown): CommandOutcome {
  switch (kind) {
    case 'get':
    case 'gets':
    case 'get-and-touch':
    case 'incr':
    case 'decr':
    case 'count':
    case 'metadebug':
      return result === undefined ? 'miss' : 'hit';
    case 'lease-get':
    case 'lookup':
      return (result as LeaseRead<unknown>).hit ? 'hit' : 'miss';
    case 'get-many':
    case 'gets-many':
      return result === undefined || (result as ItemsFound).hits === 0 ? 'miss' : 'hit';
    case 'cas':
      return result as CasResult;
    case 'line':
      if (typeof result !== 'boolean') return 'hit';
      return result ? 'done' : 'not-done';
    default:
      return result === true ? 'done' : 'not-done';
  }
}
