/* A process that asks for very much at once, and tells what became of it; see flood.spec.ts. */
const [libDir, servers, task] = process.argv.slice(2);
const { MemcachedClient } = await import(`${libDir}/client/client.js`);

const client = new MemcachedClient({ servers });
const report = { answered: 0, wrong: 0, codes: {} };

function count(promise, isRight) {
  return promise.then(
    (value) => {
      report.answered += 1;
      if (!isRight(value)) report.wrong += 1;
    },
    ({ code }) => {
      report.codes[code] = (report.codes[code] ?? 0) + 1;
    },
  );
}

const TASKS = {
  /** Small values, all read at once. */
  async small(times) {
    const keys = Array.from({ length: 1000 }, (_, index) => `key:${index}`);
    await client.setMany(keys.map((key) => [key, `value of ${key}`]));
    return () =>
      Array.from({ length: times }, (_, index) => {
        const key = keys[index % keys.length];
        return count(client.get(key), (value) => value === `value of ${key}`);
      });
  },
  /** Large values, all read at once. */
  async large(times) {
    const keys = Array.from({ length: 20 }, (_, index) => `large:${index}`);
    const values = keys.map((_, index) => Buffer.alloc(100_000, index + 1));
    await client.setMany(keys.map((key, index) => [key, values[index]]));
    return () =>
      Array.from({ length: times }, (_, index) =>
        count(client.get(keys[index % 20]), (value) => value.equals(values[index % 20])),
      );
  },
  /** Large values, all written at once. */
  async write(times) {
    const value = Buffer.alloc(100_000, 1);
    return () =>
      Array.from({ length: times }, (_, index) =>
        count(client.set(`large:${index % 20}`, value), (done) => done),
      );
  },
  /** The first commands of a client that has not connected yet. */
  async first(times) {
    return () =>
      Array.from({ length: times }, (_, index) =>
        count(client.get(`key:${index}`), (value) => value === undefined),
      );
  },
};

const [name, times] = task.split(':');
const start = await TASKS[name](Number(times));
globalThis.gc();
const before = process.memoryUsage().rss;
let peak = before;
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10);
const started = performance.now();
await Promise.all(start());
report.milliseconds = performance.now() - started;
peak = Math.max(peak, process.memoryUsage().rss);
clearInterval(watch);
report.megabytes = (peak - before) / 1e6;
await client.close();
// Nothing more to do: whatever is left open now keeps the process from ending.
process.stdout.write(JSON.stringify(report));
