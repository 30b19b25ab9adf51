import { type CommonDistributionOptions, family } from './family.js';
import { java31 } from './hash/utf16.js';
import { asGiven, nextInList } from './next-in-list.js';
import { ignoredWeights } from './warnings.js';

/** npm memjs: Java's string hash modulo the number of servers. Weights do not count. */
export interface MemjsOptions extends CommonDistributionOptions {
  type: 'memjs';
}

export const memjs = family<object>({}, (servers) => {
  const count = servers.length;
  return nextInList(
    asGiven(servers),
    (key) => Math.abs(java31(key)) % count,
    ignoredWeights('memjs', servers),
  );
});
