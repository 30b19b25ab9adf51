import type { FollowUp } from './command-reader.js';
import { CRLF, itemBytes, MAX_KEY_BYTES } from './item.js';
import type { StoreMode, StoreOutcome } from './item-store.js';
import type { ReplyWriter } from './reply-writer.js';
import type { ServerState } from './server-state.js';
import { parseCas, parseUint32, parseInt32 } from './wire-numbers.js';

export const BAD_FORMAT = 'CLIENT_ERROR bad command line format';
export const TOO_LARGE = 'SERVER_ERROR object too large for cache';

/** A length above this would overflow memcached's counters; it is refused, not swallowed. */
const MAX_LENGTH = 0x7fffffff - CRLF.length;

const REPLIES: Readonly<Record<StoreOutcome, string>> = {
  stored: 'STORED',
  'not-stored': 'NOT_STORED',
  exists: 'EXISTS',
  'not-found': 'NOT_FOUND',
};

/**
 * `set add replace append prepend cas`.
 *
 * @param tokens the command's words: `<command> <key> <flags> <exptime> <bytes> [<cas>] [noreply]`.
 */
export function classicStorage(
  state: ServerState,
  out: ReplyWriter,
  tokens: readonly string[],
  mode: StoreMode,
): FollowUp | undefined {
  const words = mode === 'cas' ? 6 : 5;
  if (tokens.length !== words && tokens.length !== words + 1) {
    out.line('ERROR');
    return undefined;
  }
  if (tokens[tokens.length - 1] === 'noreply') out.mute();
  const key = tokens[1];
  const flags = parseUint32(tokens[2]);
  const exptime = parseInt32(tokens[3]);
  const length = parseLength(tokens[4]);
  const cas = mode === 'cas' ? parseCas(tokens[5]) : 0;
  if (
    key.length > MAX_KEY_BYTES ||
    flags === undefined ||
    exptime === undefined ||
    length === undefined ||
    cas === undefined
  ) {
    out.line(BAD_FORMAT);
    return undefined;
  }
  if (itemBytes(key, flags, length) > state.settings.maxItemBytes) {
    out.line(TOO_LARGE);
    state.counters.store_too_large++;
    // The old value must not outlive a set that was meant to replace it.
    if (mode === 'set') state.store.delete(key);
    return { bytes: length + CRLF.length };
  }
  return {
    bytes: length + CRLF.length,
    receive: (block) => {
      state.counters.cmd_set++;
      if (!endsWell(block)) {
        out.line('CLIENT_ERROR bad data chunk');
        return;
      }
      const expiresAt = state.store.expiryOf(exptime);
      const draft = { key, binaryKey: false, flags, expiresAt, block };
      out.line(REPLIES[state.store.store(mode, draft, { cas, acceptStale: false }).outcome]);
    },
  };
}

/**
 * Reads the length of a data block.
 *
 * @returns bytes of the value, `undefined` if it is no length; the block is then taken for commands.
 */
export function parseLength(text: string): number | undefined {
  const length = parseInt32(text);
  return length === undefined || length < 0 || length >= MAX_LENGTH ? undefined : length;
}

/** Whether a data block of the announced length ends as it must. */
export function endsWell(block: Buffer): boolean {
  return block[block.length - 2] === CRLF[0] && block[block.length - 1] === CRLF[1];
}
