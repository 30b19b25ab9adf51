import { createHash } from 'node:crypto';

/** Separates a cas token's digits from the life they were counted in. */
const MARK = '@';

/** Characters of a life that say which it is: 72 bits, so that two are never the same by chance. */
const LENGTH = 12;

/**
 * Names the life of a server, from its start to its end: cas tokens are counted anew in each. The same name comes out in
 * every process that calls the server the same, and after every reconnection.
 *
 * @param server its id; two servers may well have the same process id and have started in the same second.
 * @param stats its general statistics, if it gave any.
 * @returns `undefined` when they do not tell: there are none, or they are a proxy's own, whose backends come and go unseen.
 */
export function serverLife(
  server: string,
  stats: ReadonlyMap<string, string> | undefined,
): string | undefined {
  const pid = Number(stats?.get('pid'));
  const started = Number(stats?.get('time')) - Number(stats?.get('uptime'));
  if (stats === undefined || !(pid > 0) || !(started > 0)) return undefined;
  for (const name of stats.keys()) if (name.startsWith('proxy_')) return undefined;
  const digest = createHash('sha256').update(`${server} ${pid} ${started}`).digest('base64url');
  return MARK + digest.slice(0, LENGTH);
}

/** A life that ends with the connection, where the server's own cannot be known. */
export function connectionLife(): string {
  return MARK + Buffer.from(crypto.getRandomValues(new Uint8Array(9))).toString('base64url');
}

/** The same, for the classic dialect: whatever is behind a proxy ends unseen, so that tokens have a witness besides. */
export function witnessedLife(): string {
  return `${connectionLife()}~`;
}
