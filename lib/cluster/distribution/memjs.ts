import { family } from './family.js';
import { java31 } from './hash/utf16.js';
import { asGiven, nextInList } from './next-in-list.js';
import { ignoredWeights } from './warnings.js';

export const memjs = family<object>({}, (servers) => {
  const count = servers.length;
  return nextInList(
    asGiven(servers),
    (key) => Math.abs(java31(key)) % count,
    ignoredWeights('memjs', servers),
  );
});
