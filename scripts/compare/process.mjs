/** One process of an application: does what its parent says, with one contender. */
import { CONTENDERS } from './contenders.mjs';

const [name, settings] = process.argv.slice(2);
const cache = await CONTENDERS[name](JSON.parse(settings));
let loads = 0;

const DOES = {
  /** As many callers at once as told want one key, whose value takes a while. */
  read: async ({ key, callers = 1, takesMs = 0, value = 'value' }) => {
    const before = loads;
    const started = performance.now();
    const results = await Promise.allSettled(
      Array.from({ length: callers }, () =>
        cache.getOrSet(key, async () => {
          loads += 1;
          await new Promise((resolve) => setTimeout(resolve, takesMs));
          return revive(value);
        }),
      ),
    );
    const [{ status, value: read, reason }] = results;
    return {
      loads: loads - before,
      ms: performance.now() - started,
      failed: status === 'rejected' ? String(reason) : undefined,
      text: typeof read === 'string' ? read : undefined,
      kinds: Object.fromEntries(
        Object.entries(Object(read)).map(([part, held]) => [part, Object.prototype.toString.call(held)]),
      ),
    };
  },
  invalidate: ({ key }) => cache.invalidate(key),
};

function revive(value) {
  return value === 'kinds' ? { date: new Date(0), map: new Map([[1, 2]]) } : value;
}

async function answer(id, does, told) {
  const result = await DOES[does](told).catch((error) => ({ failed: String(error) }));
  process.send({ id, result: result ?? null });
}

process.on('unhandledRejection', () => {});
process.on('uncaughtException', () => {});
process.on('message', ({ id, does, ...told }) => void answer(id, does, told));
process.send('ready');
