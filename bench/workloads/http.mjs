import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { recordOf } from '../measure/data.mjs';
import { PRODUCTS } from '../nest/apps.mjs';

const APP_PROCESS = fileURLToPath(new URL('../nest/app-process.mjs', import.meta.url));

/** Requests of `GET /products/:id` to an application in another process; every body is compared. */
export async function measureHttp({ app, connections, platform }, { warmupMs, measureMs }, servers, from) {
  const child = fork(APP_PROCESS, [JSON.stringify({ app, servers, from, platform })]);
  try {
    const [{ port }] = await once(child, 'message');
    for (let id = 0; id < PRODUCTS; id += 1)
      await (await fetch(`http://127.0.0.1:${port}/products/${id}`)).text();
    await fire(port, connections, warmupMs);
    const before = await ask(child);
    const { requests, latency, duration } = await fire(port, connections, measureMs);
    const after = await ask(child);
    if (app !== 'constant' && after.calls > before.calls)
      throw new Error('the route itself was called: no hit');
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

async function fire(port, connections, milliseconds) {
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
    connections,
    duration: milliseconds / 1000,
    requests,
  });
  if (wrong > 0 || result.errors > 0) throw new Error(`${wrong} wrong answers, ${result.errors} errors`);
  return result;
}

async function ask(child) {
  const answer = once(child, 'message');
  child.send('figures');
  return (await answer)[0];
}
