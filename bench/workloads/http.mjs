import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { recordOf } from '../measure/data.mjs';
import { PRODUCTS } from '../nest/apps.mjs';

const APP_PROCESS = fileURLToPath(new URL('../nest/app-process.mjs', import.meta.url));

/** Applications whose route runs for each request. */
const RUNS = new Set(['constant', 'bare-interceptor', 'fastify-caching']);

/** Requests of `GET /products/:id` to an application in another process; every body is compared. */
export async function measureHttp({ app, connections, platform }, { warmupMs, measureMs }, servers, from) {
  const child = fork(APP_PROCESS, [JSON.stringify({ app, servers, from, platform })]);
  try {
    const [{ port }] = await once(child, 'message');
    // Each product several times, one request after another: some remember what they have answered more than once.
    await fire(port, { connections: 1, amount: 5 * PRODUCTS });
    await fire(port, { connections, duration: warmupMs / 1000 });
    const before = await ask(child);
    const { requests, latency, duration } = await fire(port, {
      connections,
      duration: measureMs / 1000,
    });
    const after = await ask(child);
    if (!RUNS.has(app) && after.calls > before.calls) throw new Error('the route itself was called: no hit');
    return {
      rate: requests.total / duration,
      cpuMicros: (after.cpuMicros - before.cpuMicros) / requests.total,
      p50: latency.p50,
      p99: latency.p99,
    };
  } finally {
    child.disconnect();
  }
}

async function fire(port, how) {
  let wrong = 0;
  const requests = Array.from({ length: PRODUCTS }, (_, id) => {
    const expected = JSON.stringify(recordOf(id));
    return {
      path: `/products/${id}`,
      onResponse: (status, body) => {
        if (status !== 200 || body !== expected) wrong += 1;
      },
    };
  });
  const result = await autocannon({
    url: `http://127.0.0.1:${port}`,
    requests,
    ...how,
  });
  if (wrong > 0 || result.errors > 0) throw new Error(`${wrong} wrong answers, ${result.errors} errors`);
  return result;
}

async function ask(child) {
  const answer = once(child, 'message');
  child.send('figures');
  return (await answer)[0];
}
