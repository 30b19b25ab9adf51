import { BAD_FORMAT } from './classic-storage.js';
import { MAX_KEY_BYTES, valueBytes } from './item.js';
import type { ReplyWriter } from './reply-writer.js';
import type { ServerState } from './server-state.js';
import { parseInt32, parseUint64 } from './wire-numbers.js';

export const NON_NUMERIC = 'CLIENT_ERROR cannot increment or decrement non-numeric value';

const INVALID_EXPTIME = 'CLIENT_ERROR invalid exptime argument';

/** `get` and `gets`, which shows the cas numbers too. */
export function classicGet(
  state: ServerState,
  out: ReplyWriter,
  tokens: readonly string[],
  withCas: boolean,
): void {
  if (tokens.length < 2) out.line('ERROR');
  else writeValues(state, out, tokens, 1, withCas);
}

/** `gat` and `gats`: fetches, and gives each item a new exptime. */
export function classicGetAndTouch(
  state: ServerState,
  out: ReplyWriter,
  tokens: readonly string[],
  withCas: boolean,
): void {
  if (tokens.length < 2) {
    out.line('ERROR');
    return;
  }
  const exptime = parseInt32(tokens[1]);
  if (exptime === undefined) out.line(INVALID_EXPTIME);
  else writeValues(state, out, tokens, 2, withCas, exptime);
}

function writeValues(
  { store, counters }: ServerState,
  out: ReplyWriter,
  tokens: readonly string[],
  from: number,
  withCas: boolean,
  exptime?: number,
): void {
  for (let index = from; index < tokens.length; index++) {
    if (tokens[index].length > MAX_KEY_BYTES) {
      out.line(BAD_FORMAT);
      return;
    }
  }
  for (let index = from; index < tokens.length; index++) {
    const key = tokens[index];
    const item = store.peek(key);
    const kind = exptime === undefined ? 'get' : 'touch';
    counters[`cmd_${kind}` as const]++;
    counters[`${kind}_${item === undefined ? 'misses' : 'hits'}` as const]++;
    if (item === undefined) continue;
    if (exptime !== undefined) item.expiresAt = store.expiryOf(exptime);
    store.markFetched(item);
    const head = `VALUE ${key} ${item.flags} ${valueBytes(item)}`;
    out.lineAndBlock(withCas ? `${head} ${item.cas}` : head, item.block);
  }
  out.line('END');
}

/** `touch <key> <exptime> [noreply]`. */
export function classicTouch(
  { store, counters }: ServerState,
  out: ReplyWriter,
  tokens: readonly string[],
): void {
  if (!hasKeyAndArgument(out, tokens)) return;
  const exptime = parseInt32(tokens[2]);
  if (exptime === undefined) {
    out.line(INVALID_EXPTIME);
    return;
  }
  const item = store.peek(tokens[1]);
  counters.cmd_touch++;
  if (item === undefined) {
    counters.touch_misses++;
    out.line('NOT_FOUND');
    return;
  }
  counters.touch_hits++;
  item.expiresAt = store.expiryOf(exptime);
  store.markFetched(item);
  out.line('TOUCHED');
}

/** `incr <key> <delta> [noreply]` and `decr`. */
export function classicCount(
  { store, counters }: ServerState,
  out: ReplyWriter,
  tokens: readonly string[],
  down: boolean,
): void {
  if (!hasKeyAndArgument(out, tokens)) return;
  const delta = parseUint64(tokens[2]);
  if (delta === undefined) {
    out.line('CLIENT_ERROR invalid numeric delta argument');
    return;
  }
  const item = store.peek(tokens[1]);
  if (item === undefined) {
    counters[down ? 'decr_misses' : 'incr_misses']++;
    out.line('NOT_FOUND');
    return;
  }
  const result = store.count(item, delta, down);
  if (result === undefined) {
    out.line(NON_NUMERIC);
    return;
  }
  counters[down ? 'decr_hits' : 'incr_hits']++;
  out.line(String(result));
}

/** `delete <key> [0] [noreply]`; the 0 is the rest of an old feature. */
export function classicDelete(
  { store, counters }: ServerState,
  out: ReplyWriter,
  tokens: readonly string[],
): void {
  if (tokens.length < 2 || tokens.length > 4) {
    out.line('ERROR');
    return;
  }
  const quiet = tokens.length > 2 && tokens[tokens.length - 1] === 'noreply';
  if (quiet) out.mute();
  const key = tokens[1];
  if (key.length > MAX_KEY_BYTES) {
    out.line(BAD_FORMAT);
  } else if (tokens.length > 2 && !isPlainDelete(tokens, quiet)) {
    out.line(`${BAD_FORMAT}.  Usage: delete <key> [noreply]`);
  } else if (store.peek(key) === undefined) {
    counters.delete_misses++;
    out.line('NOT_FOUND');
  } else {
    counters.delete_hits++;
    store.delete(key);
    out.line('DELETED');
  }
}

function isPlainDelete(tokens: readonly string[], quiet: boolean): boolean {
  return tokens.length === 3 ? quiet || tokens[2] === '0' : quiet && tokens[2] === '0';
}

/** Checks `<command> <key> <argument> [noreply]` and mutes the reply if it asks for that. */
function hasKeyAndArgument(out: ReplyWriter, tokens: readonly string[]): boolean {
  if (tokens.length !== 3 && tokens.length !== 4) {
    out.line('ERROR');
    return false;
  }
  if (tokens[tokens.length - 1] === 'noreply') out.mute();
  if (tokens[1].length > MAX_KEY_BYTES) {
    out.line(BAD_FORMAT);
    return false;
  }
  return true;
}
