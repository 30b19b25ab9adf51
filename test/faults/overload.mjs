/* A process with little memory that asks for more than can be had, and tells what became of it; see overload.spec.ts. */
const [libDir, servers, task] = process.argv.slice(2);
const { MemcachedClient } = await import(`${libDir}/client/client.js`);

const client = new MemcachedClient({ servers });
const report = { answered: 0, codes: {}, longestMs: 0, megabytes: 0 };
const tell = ({ code }) => {
  report.codes[code] = (report.codes[code] ?? 0) + 1;
};
const settled = () => report.answered + Object.values(report.codes).reduce((sum, count) => sum + count, 0);
const nextTurn = () => new Promise((resolve) => void setImmediate(resolve));

const TASKS = {
  /** A million reads in one turn of the event loop. */
  async million() {
    await client.connect();
    const answer = () => {
      report.answered += 1;
    };
    for (let index = 0; index < 1_000_000; index += 1) client.get(`key:${index % 1000}`).then(answer, tell);
    while (settled() < 1_000_000) await nextTurn();
  },

  /** Two thousand callers of a server that is slower than they are; then it is as quick as any. */
  async slow() {
    await client.connect();
    let quick = false;
    const callers = Array.from({ length: 2000 }, async () => {
      // One by one they would all be refused before anything is answered.
      for (let streak = 0; streak < 20; streak = quick ? streak : 0) {
        const began = performance.now();
        try {
          await client.get('key');
          report.answered += 1;
          streak += 1;
        } catch (error) {
          tell(error);
          streak = 0;
          await nextTurn();
        }
        report.longestMs = Math.max(report.longestMs, performance.now() - began);
        if (!quick && settled() > 20_000) {
          quick = true;
          process.send('quick');
        }
      }
    });
    await Promise.all(callers);
  },
};

await TASKS[task]();
report.megabytes = process.resourceUsage().maxRSS / 1024;
await client.close();
process.send(report);
process.disconnect();
