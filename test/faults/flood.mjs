/* A process that asks for very much at once, and tells what became of it; see flood.spec.ts. */
const [libDir, servers, task] = process.argv.slice(2);
const { MemcachedClient } = await import(`${libDir}/client/client.js`);

const client = new MemcachedClient({ servers });
const keys = Array.from({ length: 1000 }, (_, index) => `key:${index}`);
const large = Array.from({ length: 20 }, (_, index) => Buffer.alloc(100_000, index + 1));

/** What is stored before, the command that is repeated, and whether its answer is right. */
const TASKS = {
  /** Small values are read. */
  small: {
    before: () => client.setMany(keys.map((key) => [key, `value of ${key}`])),
    command: (index) => client.get(keys[index % keys.length]),
    isRight: (value, index) => value === `value of ${keys[index % keys.length]}`,
  },
  /** Large values are read. */
  large: {
    before: () => client.setMany(large.map((value, index) => [keys[index], value])),
    // Looked at as they come: a caller that keeps 1 GB has 1 GB.
    command: async (index) =>
      (await client.get(keys[index % large.length])).equals(large[index % large.length]),
    isRight: (isEqual) => isEqual,
  },
  /** Large values are written. */
  write: {
    before: () => client.connect(),
    command: (index) => client.set(keys[index % large.length], large[index % large.length]),
    isRight: (stored) => stored,
  },
  /** The first commands of a client that has not connected yet. */
  first: {
    before: () => undefined,
    command: (index) => client.get(`missing:${index}`),
    isRight: (value) => value === undefined,
  },
};

const [name, times] = task.split(':');
const { before, command, isRight } = TASKS[name];
await before();
globalThis.gc();
const rss = process.memoryUsage().rss;
let peak = rss;
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10);
const started = performance.now();
const results = await Promise.allSettled(Array.from({ length: Number(times) }, (_, index) => command(index)));
const milliseconds = performance.now() - started;
clearInterval(watch);
peak = Math.max(peak, process.memoryUsage().rss);

const report = { answered: 0, wrong: 0, codes: {}, milliseconds, megabytes: (peak - rss) / 1e6 };
results.forEach(({ status, value, reason }, index) => {
  if (status === 'rejected') {
    report.codes[reason.code] = (report.codes[reason.code] ?? 0) + 1;
  } else {
    report.answered += 1;
    if (!isRight(value, index)) report.wrong += 1;
  }
});
await client.close();
// Nothing more to do: whatever is left open now keeps the process from ending.
process.stdout.write(JSON.stringify(report));
