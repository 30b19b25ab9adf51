import { ServerResponse } from 'node:http';
import { clearTimeout, setTimeout } from '../../timers.js';
import type { Headers } from './header-names.js';

/** What the answer's head says as it leaves. */
export interface SentHead {
  readonly status: number;
  readonly headers: Headers;
}

/** What is asked of Node's own response. */
export interface HeadSender {
  statusCode: number;
  readonly destroyed?: boolean;
  writeHead?: (...args: unknown[]) => unknown;
  end?: (content?: unknown, ...args: unknown[]) => unknown;
  once?(event: 'close', listener: () => void): unknown;
}

/** For how long an answer may be under way whose client has left, in milliseconds: others may be waiting for it. */
const LEFT_MS = 1000;

/**
 * Tells once of the head as it is sent, cookies and all that is added in the last moment included; of nothing where the
 * connection ends before.
 *
 * @param said the headers at the moment that it is called.
 */
export function onceHeadIsSent(
  raw: HeadSender,
  said: () => Headers,
  tell: (head: SentHead | undefined) => void,
): void {
  if (raw.destroyed === true) {
    tell(undefined);
    return;
  }
  onWriteHead(raw, said, tell);
  raw.once?.('close', () => tell(undefined));
}

/**
 * Tells, likewise, of the head that is sent; where the client has left, of that of the answer that it would have got. That is
 * known once the answer is ended, unless somebody adds to a head as it is written, which is done no more; of an answer that
 * is not ended by then, nothing is told.
 */
export function onceHeadIsKnown(
  raw: HeadSender,
  said: () => Headers,
  tell: (head: SentHead | undefined) => void,
): void {
  const isPlain = raw.writeHead === ServerResponse.prototype.writeHead;
  let isKnown = false;
  const know = (head: SentHead | undefined): void => {
    isKnown = true;
    tell(head);
  };
  const ours = onWriteHead(raw, said, know);
  const leave = (): void => {
    if (isKnown) return;
    const waiting = setTimeout(know, LEFT_MS, undefined).unref();
    onEnd(raw, () => {
      clearTimeout(waiting);
      if (!isKnown)
        know(isPlain && raw.writeHead === ours ? { status: raw.statusCode, headers: said() } : undefined);
    });
  };
  if (raw.destroyed === true) leave();
  else raw.once?.('close', leave);
}

/** @returns what stands in the place of `writeHead` until that is called. */
function onWriteHead(raw: HeadSender, said: () => Headers, tell: (head: SentHead) => void): unknown {
  const { writeHead } = raw;
  const isOwn = Object.hasOwn(raw, 'writeHead');
  return (raw.writeHead = (...args) => {
    if (isOwn) raw.writeHead = writeHead;
    else delete raw.writeHead;
    const result = Reflect.apply(writeHead!, raw, args);
    tell({ status: raw.statusCode, headers: { ...said(), ...headersAmong(args) } });
    return result;
  });
}

/** Tells once the answer was ended, whether or not its head was written. */
function onEnd(raw: HeadSender, tell: () => void): void {
  const { end } = raw;
  const isOwn = Object.hasOwn(raw, 'end');
  raw.end = (...args) => {
    if (isOwn) raw.end = end;
    else delete raw.end;
    const result = Reflect.apply(end!, raw, args);
    tell();
    return result;
  };
}

/** Headers that were given to `writeHead`: an object, pairs, or names and values in turn. */
function headersAmong(args: readonly unknown[]): Headers {
  const given = args.find((arg) => typeof arg === 'object' && arg !== null);
  if (given === undefined) return {};
  const pairs: unknown[] = !Array.isArray(given)
    ? Object.entries(given)
    : Array.isArray(given[0])
      ? given
      : given.flatMap((name, index) => (index % 2 === 0 ? [[name, given[index + 1]]] : []));
  return Object.fromEntries(
    (pairs as [string, string][]).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
