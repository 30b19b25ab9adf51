/*
 * One start, in a process that has loaded nothing else: what its order, JSON in the first argument, asks for. Prints its
 * figures as JSON.
 */
import { writeSync } from 'node:fs';

const order = JSON.parse(process.argv[2]);

const STARTS = { import: importing, boot: booting, idle: idling };
writeSync(1, JSON.stringify(await STARTS[order.what](order)));
process.exit(0);

/** How long it takes to load some modules when others are there already. */
async function importing({ before, modules }) {
  for (const module of before) await import(module);
  const startedAt = performance.now();
  for (const module of modules) await import(module);
  return { ms: performance.now() - startedAt };
}

/** How long an application takes from its module to being initialised, everything being loaded. */
async function booting({ app, servers, from }) {
  const { contextOf } = await import('../nest/apps.mjs');
  const create = await contextOf(app, servers, from);
  const startedAt = performance.now();
  await create();
  return { ms: performance.now() - startedAt };
}

/** What a client holds that has asked every server once and now has nothing to do. */
async function idling({ client, servers, from }) {
  const { [client.export ?? 'open']: open } = await import(
    new URL(client.module, new URL('../', import.meta.url)).href
  );
  if (from !== undefined) await import(from);
  const before = held();
  const opened = await open({ servers, values: 'text', ...(from && { from }) });
  const keys = Array.from({ length: servers.length * 30 }, (_, index) => `idle:${index}`);
  await Promise.all(keys.map((key) => opened.get(key)));
  return { growthMib: (held() - before) / 1024 / 1024 };
}

function held() {
  for (let turn = 0; turn < 3; turn += 1) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
