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

/** What a framework does with one request: reads the session, changes it, writes it, and gives it its time anew. */
async function answer(sid: string, field: string): Promise<void> {
  const session = await done<StoredSession | null>((callback) => store.get(sid, callback));
  if (session === null) return;
  session[field] = field;
  await done((callback) => store.set(sid, session, callback));
  await done((callback) => store.touch(sid, session, callback));
}

await service.connect();
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const isLoggingOut = name === '0';
await Promise.all(
  [...staying.split(','), ...ending.split(',')].flatMap((sid) => {
    const answers = Array.from({ length: Number(requests) }, (_, each) => answer(sid, `${name}-${each}`));
    // In the middle of what the others write: sent beside the writes of those who have just read.
    const logout = async (): Promise<void> => {
      await Promise.race(answers);
      await done((callback) => store.destroy(sid, callback));
    };
    return isLoggingOut && ending.split(',').includes(sid) ? [...answers, logout()] : answers;
  }),
);
await service.close();
process.stdin.destroy();
