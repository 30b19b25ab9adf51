/**
 * One of several processes that answer requests of the same sessions, once all of them are ready. Arguments: servers, dialect,
 * own name, requests for each session, ids of sessions that stay, ids of those that are logged out of meanwhile.
 */
import { once } from 'node:events';
import { MemcachedSessionStore, type StoredSession } from '../../../lib/adapters/session.js';
import { MemcachedService } from '../../../lib/nest/memcached.service.js';

const [servers, protocol, name, requests, staying, ending] = process.argv.slice(2);
const service = new MemcachedService({ servers, protocol: protocol as 'meta', commandTimeout: '20s' });
const store = new MemcachedSessionStore(service, { prefix: 'storm' });

function done<Value>(work: (callback: (error: unknown, value?: Value) => void) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    work((error, value) => (error instanceof Error ? reject(error) : resolve(value as Value)));
  });
}

const write = async (sid: string, session: StoredSession, field: string): Promise<void> => {
  session[field] = field;
  await done((callback) => store.set(sid, session, callback));
  await done((callback) => store.touch(sid, session, callback));
};

/**
 * What a framework does with requests that come together: each reads the session, changes it, writes it, and gives it its time
 * anew. All have read before one writes; a logout is sent among the writes, so that those behind it meet it.
 */
async function answer(sid: string, isLoggingOut: boolean): Promise<void> {
  const read = await Promise.all(
    Array.from({ length: Number(requests) }, () =>
      done<StoredSession | null>((callback) => store.get(sid, callback)),
    ),
  );
  const writes = read.map((session, each) => {
    const written = session === null ? undefined : write(sid, session, `${name}-${each}`);
    const isMiddle = each === read.length >> 1;
    const logout = isLoggingOut && isMiddle ? done((callback) => store.destroy(sid, callback)) : undefined;
    return Promise.all([written, logout]);
  });
  await Promise.all(writes);
}

await service.connect();
process.stdout.write('ready\n');
await once(process.stdin, 'data');
await Promise.all([
  ...staying.split(',').map((sid) => answer(sid, false)),
  ...ending.split(',').map((sid) => answer(sid, name === '0')),
]);
await service.close();
process.stdin.destroy();
