import type { MemcachedClientOptions, CustomDistribution } from '../../../lib/index.js';

/** Sessions live on the last server, everything else on the first. */
const bySort: CustomDistribution = (servers) => (key) =>
  key.startsWith('session:') ? servers.length - 1 : 0;

export const options: MemcachedClientOptions = { servers: '10.0.0.1,10.0.0.2', distribution: bySort };
