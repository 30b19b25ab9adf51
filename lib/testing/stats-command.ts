import { resetCounters } from './counters.js';
import { itemBytes, valueBytes } from './item.js';
import type { ReplyWriter } from './reply-writer.js';
import type { ServerState, Stats } from './server-state.js';
import { CHUNK_BYTES, slabClassOf } from './slab-classes.js';
import { generalStats } from './stats-general.js';
import { settingsStats } from './stats-settings.js';
import { itemsStats, sizesStats, slabsStats } from './stats-slabs.js';
import { parseInt32 } from './wire-numbers.js';

const GROUPS: ReadonlyMap<string, (state: ServerState) => Stats> = new Map<
  string,
  (state: ServerState) => Stats
>([
  ['settings', settingsStats],
  ['items', itemsStats],
  ['slabs', slabsStats],
  ['sizes', sizesStats],
  ['conns', connectionStats],
  ['extstore', () => []],
]);

/** `stats [<group>]`. */
export function stats(state: ServerState, out: ReplyWriter, tokens: readonly string[]): void {
  const name = tokens[1];
  const group = name === undefined ? generalStats : GROUPS.get(name);
  if (group !== undefined) {
    for (const [key, value] of group(state)) out.line(`STAT ${key} ${value}`);
    out.line('END');
  } else if (name === 'reset') {
    resetCounters(state.counters);
    out.line('RESET');
  } else if (name === 'sizes_enable' || name === 'sizes_disable') {
    state.sizesEnabled = name === 'sizes_enable';
    out.line(`STAT sizes_status ${state.sizesEnabled ? 'enabled' : 'disabled'}`);
  } else if (name === 'cachedump') {
    cachedump(state, out, tokens);
  } else {
    out.line('ERROR');
  }
}

/** `stats cachedump <slab class> <limit>`: keys of one class; a limit of 0 shows all. */
function cachedump({ store, startedAt }: ServerState, out: ReplyWriter, tokens: readonly string[]): void {
  if (tokens.length < 4) {
    out.line('CLIENT_ERROR bad command line');
    return;
  }
  const slabClass = parseInt32(tokens[2]);
  const limit = parseInt32(tokens[3]);
  if (slabClass === undefined || limit === undefined) {
    out.line('CLIENT_ERROR bad command line format');
    return;
  }
  if (slabClass < 0 || slabClass > CHUNK_BYTES.length) {
    out.line('CLIENT_ERROR Illegal slab id');
    return;
  }
  const items = store
    .living()
    .filter((item) => slabClassOf(itemBytes(item.key, item.flags, valueBytes(item))) === slabClass);
  for (const item of limit === 0 ? items : items.slice(0, limit)) {
    // An item that never expires shows a 0 here, any other its Unix time.
    const expires = item.expiresAt === Infinity ? 0 : Math.ceil(Math.max(item.expiresAt, startedAt) / 1000);
    out.line(`ITEM ${item.key} [${valueBytes(item)} b; ${expires} s]`);
  }
  out.line('END');
}

function* connectionStats({ connections, address, settings }: ServerState): Stats {
  const listenAddress = `tcp:${address}`;
  yield ['0:addr', listenAddress];
  yield ['0:state', 'conn_listening'];
  yield ['0:secs_since_last_cmd', 0];
  for (const { id, remoteAddress, lastCommandAt } of connections) {
    yield [`${id}:addr`, `tcp:${remoteAddress}`];
    yield [`${id}:listen_addr`, listenAddress];
    yield [`${id}:state`, 'conn_parse_cmd'];
    yield [`${id}:secs_since_last_cmd`, Math.floor((settings.now() - lastCommandAt) / 1000)];
  }
}
