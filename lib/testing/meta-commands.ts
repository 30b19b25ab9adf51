import { decodeKey, encodeKey } from './base64-keys.js';
import { NON_NUMERIC } from './classic-commands.js';
import { BAD_FORMAT, endsWell, parseLength, TOO_LARGE } from './classic-storage.js';
import type { FollowUp } from './command-reader.js';
import { CRLF, type Item, itemBytes, MAX_KEY_BYTES, valueBytes } from './item.js';
import type { StoreMode, StoreOutcome } from './item-store.js';
import { MetaFlags, shownKey } from './meta-flags.js';
import type { ReplyWriter } from './reply-writer.js';
import type { ServerState } from './server-state.js';
import { slabClassOf } from './slab-classes.js';

const STORE_MODES: Readonly<Record<string, StoreMode>> = {
  E: 'add',
  A: 'append',
  P: 'prepend',
  R: 'replace',
  S: 'set',
};

const STORE_REPLIES: Readonly<Record<StoreOutcome, string>> = {
  stored: 'HD',
  'not-stored': 'NS',
  exists: 'EX',
  'not-found': 'NF',
};

/** `mg <key> <flags>*`: fetches, touches, hands out leases. */
export function metaGet(state: ServerState, out: ReplyWriter, tokens: readonly string[]): void {
  const flags = readFlags('mg', out, tokens);
  if (flags === undefined) return;
  const { store, counters } = state;
  const found = store.peek(flags.key);
  if (found === undefined && flags.vivify === undefined) {
    counters.cmd_get++;
    counters.get_misses++;
    if (!flags.quiet) out.line(`EN${flags.echo()}`);
    return;
  }
  // An item made for this reader counts as found.
  counters[flags.exptime === undefined ? 'cmd_get' : 'cmd_touch']++;
  counters[flags.exptime === undefined ? 'get_hits' : 'touch_hits']++;
  const item = found ?? store.createStub(flags.key);
  const answer = answerTo(state, item, flags, found === undefined);
  if (!flags.noTrace) store.markFetched(item);
  if (flags.wantsValue) out.lineAndBlock(`VA ${valueBytes(item)}${answer}`, item.block);
  else out.line(`HD${answer}`);
}

/** Carries out and answers the flags in their order: `t` in front of `T` shows the old time. */
function answerTo(state: ServerState, item: Item, flags: MetaFlags, created: boolean): string {
  const { store } = state;
  let recompute = item.stale;
  let text = '';
  for (const flag of flags.asked) {
    switch (flag[0]) {
      case 'f':
        text += ` f${item.flags}`;
        break;
      case 's':
        text += ` s${valueBytes(item)}`;
        break;
      case 'h':
        text += item.fetched ? ' h1' : ' h0';
        break;
      case 'l':
        text += ` l${store.secondsSinceAccess(item)}`;
        break;
      case 'k':
        text += shownKey(item.key, item.binaryKey);
        break;
      case 'R':
        recompute ||= store.endsBefore(item, flags.recacheBelow ?? 0);
        break;
      default:
        text += answerToAny(state, item, flags, flag, created);
    }
  }
  return text + leaseOf(item, created, recompute);
}

/** The flags that `mg` and `ma` carry out and answer alike. */
function answerToAny(
  { store }: ServerState,
  item: Item,
  flags: MetaFlags,
  flag: string,
  created: boolean,
): string {
  switch (flag[0]) {
    case 'N':
      if (created && flags.vivify !== undefined) item.expiresAt = store.expiryOf(flags.vivify);
      return '';
    case 'T':
      if (flags.exptime !== undefined) item.expiresAt = store.expiryOf(flags.exptime);
      return '';
    case 't':
      return ` t${store.secondsLeft(item)}`;
    case 'c':
      return ` c${item.cas}`;
    default:
      return flags.echoOf(flag);
  }
}

/** `W` for the one who may compute the value, `Z` for the others meanwhile, `X` if it is stale. */
function leaseOf(item: Item, created: boolean, recompute: boolean): string {
  if (created) return ' W';
  const stale = item.stale ? ' X' : '';
  if (item.leased) return ` Z${stale}`;
  if (!recompute) return '';
  item.leased = true;
  return `${stale} W`;
}

/** `ms <key> <length> <flags>*`, and the data block. */
export function metaSet(
  state: ServerState,
  out: ReplyWriter,
  tokens: readonly string[],
): FollowUp | undefined {
  if (tokens.length < 2) {
    out.line('ERROR');
    return undefined;
  }
  const flags = MetaFlags.read('ms', tokens);
  const length = tokens.length < 3 ? undefined : parseLength(tokens[2]);
  if ('error' in flags && flags.early) {
    out.line(flags.error);
    return undefined;
  }
  if (length === undefined) {
    out.line(BAD_FORMAT);
    return undefined;
  }
  const bytes = length + CRLF.length;
  if ('error' in flags) {
    out.line(flags.error);
    return { bytes };
  }
  if (itemBytes(flags.key, flags.clientFlags ?? 0, length) > state.settings.maxItemBytes) {
    out.line(TOO_LARGE);
    state.counters.store_too_large++;
    // The old value must not outlive a set that was meant to replace it.
    state.store.delete(flags.key);
    return { bytes };
  }
  return { bytes, receive: (block) => storeBlock(state, out, flags, block) };
}

function storeBlock(
  { store, counters }: ServerState,
  out: ReplyWriter,
  flags: MetaFlags,
  block: Buffer,
): void {
  counters.cmd_set++;
  if (!endsWell(block)) {
    out.line('CLIENT_ERROR bad data chunk');
    return;
  }
  const named = STORE_MODES[flags.mode ?? 'S'];
  const mode = flags.cas !== undefined && (named === 'set' || named === 'replace') ? 'cas' : named;
  const { outcome, cas } = store.store(
    mode,
    {
      key: flags.key,
      binaryKey: flags.base64,
      flags: flags.clientFlags ?? 0,
      expiresAt: store.expiryOf(flags.exptime ?? 0),
      block,
    },
    { cas: flags.cas ?? 0, acceptStale: flags.invalidate },
  );
  if (outcome === 'stored' && flags.quiet) return;
  let answer = STORE_REPLIES[outcome];
  for (const flag of flags.asked) answer += flag[0] === 'c' ? ` c${cas}` : flags.echoOf(flag);
  out.line(answer);
}

/** `md <key> <flags>*`: deletes, or marks stale. */
export function metaDelete(state: ServerState, out: ReplyWriter, tokens: readonly string[]): void {
  const flags = readFlags('md', out, tokens);
  if (flags === undefined) return;
  const { store, counters } = state;
  const item = store.peek(flags.key);
  if (item === undefined) {
    counters.delete_misses++;
    out.line(`NF${flags.echo()}`);
    return;
  }
  if (flags.cas !== undefined && flags.cas !== item.cas) {
    out.line(`EX${flags.echo()}`);
    return;
  }
  if (flags.invalidate) {
    store.markStale(item, flags.exptime === undefined ? undefined : store.expiryOf(flags.exptime));
  } else {
    store.delete(flags.key);
  }
  counters.delete_hits++;
  if (!flags.quiet) out.line(`HD${flags.echo()}`);
}

/** `ma <key> <flags>*`: counts up or down, and creates the counter if asked. */
export function metaArithmetic(state: ServerState, out: ReplyWriter, tokens: readonly string[]): void {
  const flags = readFlags('ma', out, tokens);
  if (flags === undefined) return;
  const { store, counters } = state;
  const down = flags.mode === 'D' || flags.mode === '-';
  const found = store.peek(flags.key);
  if (found === undefined) {
    if (flags.vivify !== undefined) {
      createCounter(state, out, flags);
      return;
    }
    counters[down ? 'decr_misses' : 'incr_misses']++;
    out.line(`NF${flags.echo()}`);
    return;
  }
  const isEmpty = valueBytes(found) === 0;
  if (!isEmpty && flags.cas !== undefined && flags.cas !== 0 && flags.cas !== found.cas) {
    out.line(`EX${flags.echo()}`);
    return;
  }
  const value = isEmpty ? undefined : store.count(found, flags.delta ?? 1n, down);
  if (value === undefined) {
    out.line(NON_NUMERIC);
    return;
  }
  counters[down ? 'decr_hits' : 'incr_hits']++;
  // A longer number is a new item; the old one is what is asked, and what gets the new time of `T`.
  const answer = answerToCount(state, flags, found, false);
  if (flags.quiet) return;
  writeCount(out, flags, answer, String(value));
}

/** A new counter has the initial number; `q` does not hide that answer. */
function createCounter(state: ServerState, out: ReplyWriter, flags: MetaFlags): void {
  const value = String(flags.initial ?? 0n);
  const item = state.store.create(flags.key, Buffer.from(`${value}\r\n`, 'latin1'));
  writeCount(out, flags, answerToCount(state, flags, item, true), value);
}

function answerToCount(state: ServerState, flags: MetaFlags, item: Item, created: boolean): string {
  let text = '';
  for (const flag of flags.asked) text += answerToAny(state, item, flags, flag, created);
  return text;
}

function writeCount(out: ReplyWriter, flags: MetaFlags, answer: string, value: string): void {
  if (flags.wantsValue) out.line(`VA ${value.length}${answer}\r\n${value}`);
  else out.line(`HD${answer}`);
}

/** `me <key> [b]`: what is known of an item, on one line. */
export function metaDebug({ store }: ServerState, out: ReplyWriter, tokens: readonly string[]): void {
  const key = tokens.length > 2 && tokens[2] === 'b' ? decodeKey(tokens[1]) : tokens[1];
  if (key === undefined || tokens[1].length > MAX_KEY_BYTES) {
    out.line(BAD_FORMAT);
    return;
  }
  const item = store.peek(key);
  if (item === undefined) {
    out.line('EN');
    return;
  }
  const bytes = itemBytes(key, item.flags, valueBytes(item));
  // 1.6.18 shows the remaining time with the wrong sign.
  const expires = item.expiresAt === Infinity ? -1 : -(store.secondsLeft(item) | 0);
  out.line(
    `ME ${item.binaryKey ? encodeKey(key) : key} exp=${expires} la=${store.secondsSinceAccess(item)}` +
      ` cas=${item.cas} fetch=${item.fetched ? 'yes' : 'no'} cls=${slabClassOf(bytes)} size=${bytes}`,
  );
}

function readFlags(
  command: 'mg' | 'md' | 'ma',
  out: ReplyWriter,
  tokens: readonly string[],
): MetaFlags | undefined {
  if (tokens.length < 2) {
    out.line('ERROR');
    return undefined;
  }
  const flags = MetaFlags.read(command, tokens);
  if (!('error' in flags)) return flags;
  out.line(flags.error);
  return undefined;
}
