import type { Reply } from '../../lib/protocol/reply.js';
import { ReplyParser } from '../../lib/protocol/reply-parser.js';

/** What a reply said, kept beyond the moment; only what differs from a reply that says nothing. */
export type Said = Partial<Omit<Record<keyof Reply, unknown>, 'status'>> & { status: string };

const SILENT: Partial<Record<keyof Reply, unknown>> = {
  more: false,
  flags: 0,
  cas: '',
  ttlSeconds: -1,
  opaque: -1,
  won: false,
  busy: false,
  stale: false,
  size: 0,
  hitBefore: false,
  lastAccessSeconds: 0,
  text: '',
};

/** Copies what a reply says; a data block becomes text, one character per byte. */
export function said(reply: Reply): Said {
  const words: Said = { status: reply.status };
  for (const [name, silent] of Object.entries(SILENT) as [keyof Reply, unknown][]) {
    if (reply[name] !== silent) (words as Record<string, unknown>)[name] = reply[name];
  }
  if (reply.status === 'value') words.value = reply.value.toString('latin1');
  return words;
}

/** Everything one connection says, given in chunks. Text stands for bytes, one character per byte. */
export function parse(chunks: readonly (string | Buffer)[]): Said[] {
  const all: Said[] = [];
  const parser = new ReplyParser((reply) => all.push(said(reply)));
  for (const chunk of chunks) parser.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
  return all;
}

/** The same bytes whole, byte by byte, and cut in two at every position. */
export function everyCut(bytes: string): string[][] {
  const cuts = Array.from({ length: bytes.length - 1 }, (_, index) => [
    bytes.slice(0, index + 1),
    bytes.slice(index + 1),
  ]);
  return [[bytes], Array.from(bytes), ...cuts];
}
