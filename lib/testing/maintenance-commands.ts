import { BAD_FORMAT } from './classic-storage.js';
import { type Item, itemBytes, valueBytes } from './item.js';
import type { ReplyWriter } from './reply-writer.js';
import type { ServerState } from './server-state.js';
import { CHUNK_BYTES, slabClassOf } from './slab-classes.js';
import { parseInt32, parseUint32 } from './wire-numbers.js';

/** Characters of a key that `metadump` shows as they are. */
const UNRESERVED = /[^A-Za-z0-9._~-]/g;

/** What a higher one counts as. */
const MAX_VERBOSITY = 2;

/** `verbosity <level> [noreply]`. */
export function setVerbosity(state: ServerState, out: ReplyWriter, tokens: readonly string[]): void {
  if (tokens.length < 2) {
    out.line('ERROR');
    return;
  }
  if (tokens[tokens.length - 1] === 'noreply') out.mute();
  const level = parseUint32(tokens[1]);
  if (level === undefined) {
    out.line(BAD_FORMAT);
    return;
  }
  state.verbosity = Math.min(MAX_VERBOSITY, level);
  out.line('OK');
}

/** `flush_all [<delay in seconds>] [noreply]`. */
export function flushAll(
  { store, counters }: ServerState,
  out: ReplyWriter,
  tokens: readonly string[],
): void {
  if (tokens.length > 3) {
    out.line('ERROR');
    return;
  }
  const quiet = tokens[tokens.length - 1] === 'noreply';
  if (quiet) out.mute();
  const delay = tokens.length === (quiet ? 2 : 1) ? 0 : parseInt32(tokens[1]);
  if (delay === undefined) {
    out.line('CLIENT_ERROR invalid exptime argument');
    return;
  }
  counters.cmd_flush++;
  store.flush(delay);
  out.line('OK');
}

/** `lru_crawler metadump all|hash|<slab class>[,…]`, and the switches of the crawler, which have no effect here. */
export function lruCrawler(state: ServerState, out: ReplyWriter, tokens: readonly string[]): void {
  const [, action, argument] = tokens;
  if (action === 'metadump' && argument !== undefined) metadump(state, out, argument);
  else if (action === 'crawl' && argument !== undefined) out.line('OK');
  else if ((action === 'sleep' || action === 'tocrawl') && argument !== undefined) out.line('OK');
  else if (action === 'disable') out.line('OK');
  else if (action === 'enable') out.line('ERROR failed to start lru crawler thread');
  else out.line('ERROR');
}

function metadump(state: ServerState, out: ReplyWriter, argument: string): void {
  const classes = argument === 'all' || argument === 'hash' ? undefined : argument.split(',').map(Number);
  if (classes?.some((number) => !(number >= 1 && number <= CHUNK_BYTES.length))) {
    out.line('BADCLASS invalid class id');
    return;
  }
  for (const item of state.store.living()) {
    const bytes = itemBytes(item.key, item.flags, valueBytes(item));
    const slabClass = slabClassOf(bytes);
    if (classes === undefined || classes.includes(slabClass)) out.raw(describe(item, slabClass, bytes));
  }
  out.line('END');
}

/** One line of a metadump; unlike all others it ends in a bare LF. */
function describe(item: Item, slabClass: number, bytes: number): string {
  const expires = item.expiresAt === Infinity ? -1 : Math.ceil(item.expiresAt / 1000);
  return (
    `key=${urlEncoded(item.key)} exp=${expires} la=${Math.floor(item.accessedAt / 1000)} cas=${item.cas}` +
    ` fetch=${item.fetched ? 'yes' : 'no'} cls=${slabClass} size=${bytes}\n`
  );
}

function urlEncoded(key: string): string {
  return key.replace(
    UNRESERVED,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
