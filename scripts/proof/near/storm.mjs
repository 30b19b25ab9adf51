import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServers } from '../../memcached.mjs';
import { startChild } from '../child.mjs';

const PROCESS = new URL('process.mjs', import.meta.url);

const SERVERS = 3;
const READERS = 3;
const WRITERS = 2;
const KEYS = 200;

/** What a read may be late by. */
const MAX_AGE_MS = 500;

/** Beside it: between the moment a read begins and the one that it is noted at, and an invalidation's, a process may stand still. */
const NOTE_MS = 25;

/** Mean time between two writes of one process. */
const WRITE_EVERY_MS = 25;

const COMMAND_TIMEOUT = { paused: '200ms', otherwise: '10s' };

/** Of the time of a storm. */
const HARM = { from: 0.35, to: 0.65 };

/**
 * An invalidation that a paused server is owed is delivered some time after it goes on; until then other processes may read the
 * old value there, as they may without a near cache.
 */
const OWED_MS = 2000;

/**
 * Three processes read with near caches, and two write, one of them without a near cache: how old is what is read?
 *
 * @param how `patch`, what is changed in the build; `seconds`; `tags`; `paused` to stop a server in the middle; `killed` to kill processes at random; `module` of the
 *   processes, if others than ours; `bus`: `{ module, args, lost, cut }`, of whom `createBus(args)` makes one in each process,
 *   which loses the part `lost` of the messages, and all of them for two seconds with `cut`; `cutPath()` cuts
 *   the way to the broker.
 */
export async function nearStorm(
  dist,
  { seconds, tags = false, paused = false, killed = false, bus, module = PROCESS, patch },
) {
  const servers = await startServers(SERVERS);
  const databases = await startServers(1);
  await Promise.all(servers.addresses.map(markLongAgo));
  const folder = mkdtempSync(join(tmpdir(), 'near-storm-'));
  const children = new Set();
  let logs = 0;
  const open = async (near) => {
    const child = await startChild(module, dist, { quiet: true, patch });
    children.add(child);
    await child.call('open', {
      servers: servers.addresses,
      databaseServer: databases.addresses[0],
      near: near ? { maxAge: MAX_AGE_MS, maxItems: 10_000 } : undefined,
      busOf: near ? bus : undefined,
      clientOptions: { commandTimeout: paused ? COMMAND_TIMEOUT.paused : COMMAND_TIMEOUT.otherwise },
    });
    return child;
  };
  const results = [];
  const begin = (role) => {
    if (role.isReader) {
      const { child } = role;
      const read = child.call('read', { keys: KEYS, tags });
      // Whoever was killed has nothing to tell.
      results.push(read.catch((error) => (child.isOver ? undefined : { error })));
    } else {
      role.log = join(folder, `${(logs += 1)}.log`);
      role.logs = [...(role.logs ?? []), { file: role.log, killed: false }];
      role.child
        .call('write', { keys: KEYS, tags, everyMs: WRITE_EVERY_MS, log: role.log })
        .catch(() => undefined);
    }
  };
  try {
    // With a bus, who is not on it is noticed within `maxAgeWithBus` only, which is what is promised.
    const isNear = (index) => bus !== undefined || index > 0;
    const roles = await Promise.all(
      Array.from({ length: WRITERS + READERS }, async (_, index) => ({
        isReader: index >= WRITERS,
        near: isNear(index),
        child: await open(isNear(index)),
      })),
    );
    for (const role of roles) begin(role);
    const startedAt = performance.now();
    const at = (part) => sleep(Math.max(0, startedAt + part * seconds * 1000 - performance.now()));
    let away;
    let kills = 0;
    if (paused) {
      await at(HARM.from);
      servers.pause(1);
      const from = milliseconds();
      await at(HARM.to);
      servers.resume(1);
      away = { from, to: milliseconds() };
    }
    if (bus?.cut) {
      await at(HARM.from);
      for (const [index, { child }] of roles.entries())
        if (index % 2 === 1) await child.call('cut', { forMs: 2000 });
    }
    if (bus?.cutPath !== undefined) {
      await at(HARM.from);
      await bus.cutPath();
    }
    while (killed && performance.now() < startedAt + seconds * 1000 * 0.8) {
      await sleep(500 + Math.random() * 500);
      const role = roles[Math.floor(Math.random() * roles.length)];
      kills += 1;
      children.delete(role.child);
      await role.child.kill();
      if (!role.isReader) role.logs.at(-1).killed = true;
      role.child = await open(role.near);
      begin(role);
    }
    await at(1);
    await Promise.all(roles.map(({ child }) => child.call('calm')));
    const read = (await Promise.all(results)).filter((result) => result !== undefined);
    const failed = read.find(({ error }) => error !== undefined);
    if (failed !== undefined) throw failed.error;
    await Promise.all(roles.map(({ child }) => child.call('paid')));
    const rows = await roles[0].child.call('rows', { keys: KEYS });
    const served = await Promise.all(
      roles
        .filter(({ near }) => near)
        .map(({ child }) => child.call('rest', { keys: KEYS, tags, afterMs: MAX_AGE_MS + NOTE_MS })),
    );
    return judge({ rows, served, read, kills, away, logs: roles.flatMap((role) => role.logs ?? []) });
  } finally {
    await Promise.all(Array.from(children, (child) => child.kill()));
    await servers.stop();
    await databases.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Has a server say that there have been near caches for hours, so that they begin at once. */
async function markLongAgo(address) {
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  socket.write(`set ~near 16 ${20 * 3600} 5\r\nstorm\r\n`);
  await once(socket, 'data');
  socket.destroy();
}

/** How old was what was read? */
function judge({ rows, served, read, kills, away, logs }) {
  const invalidations = Array.from({ length: KEYS }, () => []);
  const interrupted = new Set();
  let count = 0;
  for (const { file, killed } of logs) {
    let begun;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const [word, key, row, returned, owed] = line.split(' ');
      if (word === 'begin') begun = Number(key);
      if (word !== 'end') continue;
      begun = undefined;
      count += 1;
      // What a server was owed returned when it was delivered.
      const isOwed =
        Number(owed) > 0 ||
        (away !== undefined && Number(returned) >= away.from && Number(returned) <= away.to + OWED_MS);
      if (!isOwed) invalidations[Number(key)].push({ row: Number(row), returned: Number(returned) });
    }
    if (killed && begun !== undefined) interrupted.add(begun);
  }
  let worstMs = 0;
  let beyond = 0;
  const lags = [];
  for (let key = 0; key < KEYS; key += 1) {
    // When it was known at last that a version is old.
    const oldSince = [];
    let earliest = Infinity;
    for (const { row, returned } of invalidations[key].toSorted((a, b) => b.row - a.row)) {
      earliest = Math.min(earliest, returned);
      oldSince.push({ below: row, returned: earliest });
    }
    for (const { last } of read) {
      for (const [version, began] of last[key]) {
        const since = oldSince.findLast(({ below }) => version < below);
        if (since === undefined) continue;
        const lateMs = began - since.returned;
        if (lateMs <= 0) continue;
        lags.push(lateMs);
        worstMs = Math.max(worstMs, lateMs);
        if (lateMs > MAX_AGE_MS + NOTE_MS) beyond += 1;
      }
    }
  }
  const stale = rows.flatMap((row, key) =>
    !interrupted.has(key) && served.some((values) => values[key] < row) ? [key] : [],
  );
  lags.sort((a, b) => a - b);
  return {
    boundMs: MAX_AGE_MS,
    beyond,
    worstMs,
    p99LagMs: quantileOf(lags, count * READERS, 0.99),
    stale: stale.length,
    keys: KEYS,
    reads: read.reduce((sum, each) => sum + each.reads, 0),
    nearHits: read.reduce((sum, each) => sum + (each.near?.hits ?? 0), 0),
    invalidations: count,
    kills,
  };
}

/** Of so many, those that are not among them were not late at all. */
function quantileOf(sorted, count, part) {
  const index = Math.ceil(count * part) - 1 - (count - sorted.length);
  return index < 0 ? 0 : sorted[Math.min(index, sorted.length - 1)];
}

/** On the clock that the processes read. */
function milliseconds() {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
