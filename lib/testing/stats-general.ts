import { COMMAND_COUNTERS } from './counters.js';
import type { ServerState, Stats } from './server-state.js';

/** What a bare `stats` shows: the names of memcached 1.6.18, in its order; zero where this server has no such thing. */
export function* generalStats(state: ServerState): Stats {
  const { settings, counters, store, startedAt, connections } = state;
  const now = settings.now();
  const items = store.living().length;
  const cpu = process.cpuUsage();
  const time = Math.floor(now / 1000);
  yield ['pid', state.pid];
  yield ['uptime', time - Math.floor(startedAt / 1000)];
  yield ['time', time];
  yield ['version', settings.version];
  yield ['libevent', 'none'];
  yield ['pointer_size', 64];
  yield ['rusage_user', (cpu.user / 1e6).toFixed(6)];
  yield ['rusage_system', (cpu.system / 1e6).toFixed(6)];
  yield ['max_connections', settings.maxConnections];
  yield ['curr_connections', connections.size];
  yield ['total_connections', counters.total_connections];
  yield ['rejected_connections', counters.rejected_connections];
  yield ['connection_structures', connections.size + 1];
  yield ['response_obj_oom', 0];
  yield ['response_obj_count', connections.size];
  yield ['response_obj_bytes', 16384];
  yield ['read_buf_count', connections.size];
  yield ['read_buf_bytes', connections.size * 16384];
  yield ['read_buf_bytes_free', 0];
  yield ['read_buf_oom', 0];
  yield ['reserved_fds', 5];
  for (const name of COMMAND_COUNTERS) yield [name, counters[name]];
  yield ['store_no_memory', 0];
  yield ['auth_cmds', counters.auth_cmds];
  yield ['auth_errors', counters.auth_errors];
  yield ['bytes_read', counters.bytes_read];
  yield ['bytes_written', counters.bytes_written];
  yield ['limit_maxbytes', settings.memoryLimitBytes];
  yield ['accepting_conns', 1];
  yield ['listen_disabled_num', 0];
  yield ['time_in_listen_disabled_us', 0];
  yield ['threads', 1];
  yield ['conn_yields', 0];
  yield ['hash_power_level', 16];
  yield ['hash_bytes', 524288];
  for (const name of MEMORY_ZEROS) yield [name, 0];
  yield ['bytes', store.bytes];
  yield ['curr_items', items];
  yield ['total_items', counters.total_items];
  yield ['slab_global_page_pool', 0];
  yield ['expired_unfetched', counters.expired_unfetched];
  yield ['evicted_unfetched', counters.evicted_unfetched];
  yield ['evicted_active', 0];
  yield ['evictions', counters.evictions];
  yield ['reclaimed', counters.reclaimed];
  for (const name of LRU_ZEROS) yield [name, 0];
}

const MEMORY_ZEROS = [
  'hash_is_expanding',
  'slab_reassign_rescues',
  'slab_reassign_chunk_rescues',
  'slab_reassign_evictions_nomem',
  'slab_reassign_inline_reclaim',
  'slab_reassign_busy_items',
  'slab_reassign_busy_deletes',
  'slab_reassign_running',
  'slabs_moved',
  'lru_crawler_running',
  'lru_crawler_starts',
  'lru_maintainer_juggles',
  'malloc_fails',
  'log_worker_dropped',
  'log_worker_written',
  'log_watcher_skipped',
  'log_watcher_sent',
  'log_watchers',
  'unexpected_napi_ids',
  'round_robin_fallback',
] as const;

const LRU_ZEROS = [
  'crawler_reclaimed',
  'crawler_items_checked',
  'lrutail_reflocked',
  'moves_to_cold',
  'moves_to_warm',
  'moves_within_lru',
  'direct_reclaims',
  'lru_bumps_dropped',
] as const;
