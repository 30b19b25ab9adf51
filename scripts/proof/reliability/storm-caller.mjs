/* The process of a storm: 256 loops that read, write, count and invalidate, and check every answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLoopDelay } from '../event-loop.mjs';
import { around, open } from '../subject.mjs';
import { FakeNames } from './fake-names.mjs';
import { Counters } from './counters.mjs';
import { Growth } from './growth.mjs';
import { startHttpRows } from './http-rows.mjs';
import { Registers } from './registers.mjs';
import { Rows } from './rows.mjs';
import { Verdict } from './verdict.mjs';

/** How many loops do what; 256 together. */
const LOOPS = {
  set: 32,
  get: 44,
  gets: 12,
  getMany: 16,
  incr: 12,
  cas: 12,
  update: 32,
  getOrSet: 44,
  getOrSetMany: 4,
  race: 4,
  change: 4,
  tagged: 24,
  changeTagged: 4,
  http: 10,
  changeHttp: 2,
};

/** Each loop that writes has so many registers of its own. */
const OF_EACH = 4;

const PAID_LIMIT_MS = 15_000;

/** What has not come back or closed by then never will. */
const COMMAND_LIMIT_MS = 5_000;

export function operations(lib, dist) {
  let subject;
  let http;
  let stopping = false;
  let verdict;
  let registers;
  let counters;
  let rows;
  let loops;
  let growth;
  let delay;
  let handlesBefore;
  let names;

  return {
    /** @param trusted whether what the server says can be believed in the dialect spoken. */
    async open({ options, trusted, missesTrusted, withHttp = true }) {
      handlesBefore = leftOpen();
      subject = open(lib, options);
      verdict = new Verdict();
      registers = new Registers(subject.raw, verdict, LOOPS.set * OF_EACH, trusted, missesTrusted);
      counters = ['incr', 'cas', 'update'].map((kind) => new Counters(kind, subject, verdict, 8, trusted));
      const { service } = subject;
      const random = Math.random;
      rows = {
        getOrSet: new Rows('getOrSet', verdict, random, 60, {
          read: (id, load) => service.getOrSet(`row:${id}`, load),
          readMany: (ids, load) =>
            service.getOrSetMany(
              ids,
              (id) => `row:${id}`,
              (missing) => load(missing).then(byId),
            ),
          invalidate: (id) => service.invalidate(`row:${id}`),
        }),
        // Their loads invalidate their own rows, and take as long as that does: who reads others is not to wait for them.
        raced: new Rows('raced', verdict, random, 20, {
          read: (id, load) => service.getOrSet(`raced:${id}`, load),
          invalidate: (id) => service.invalidate(`raced:${id}`),
        }),
        tagged: new Rows('tagged', verdict, random, 30, {
          read: (id, load) => service.getOrSet(`tagged:${id}`, load, { tags: [`t${id % 10}`, `own${id}`] }),
          invalidate: (id) => service.invalidateTags(`own${id}`),
        }),
      };
      for (const some of counters) await some.prepare();
      if (withHttp) {
        http = await startHttpRows(lib, dist, options, (id) => rows.http.load(id));
        rows.http = new Rows('http', verdict, random, 20, http);
        await rows.http.read();
      }
      await rows.getOrSet.read();
    },

    begin({ pauseMs, everyMs }) {
      stopping = false;
      growth = new Growth(everyMs);
      delay = new EventLoopDelay();
      const random = Math.random;
      const [incr, cas, update] = counters;
      const work = {
        set: (index) => registers.write(index + LOOPS.set * Math.floor(Math.random() * OF_EACH)),
        get: () => registers.read(random, 'get'),
        gets: () => registers.read(random, 'gets'),
        getMany: () => registers.read(random, 'getMany'),
        incr: () => incr.count(random),
        cas: () => cas.count(random),
        update: () => update.count(random),
        getOrSet: () => rows.getOrSet.read(),
        getOrSetMany: () => rows.getOrSet.readMany(10),
        race: () => rows.raced.race(),
        change: () => rows.getOrSet.change().then(() => sleep(Math.random() * 40)),
        tagged: () => rows.tagged.read(),
        changeTagged: () => rows.tagged.change().then(() => sleep(Math.random() * 40)),
        http: () => rows.http?.read(),
        changeHttp: () => rows.http?.change().then(() => sleep(Math.random() * 60)),
      };
      loops = Object.entries(LOOPS).flatMap(([kind, count]) =>
        (http === undefined && /http/i.test(kind) ? [] : Array.from({ length: count })).map(
          async (_, index) => {
            while (!stopping) {
              await work[kind](index);
              // What is answered without the server would never leave the turn.
              await (pauseMs > 0 ? sleep(pauseMs * (0.5 + Math.random())) : nextTurn());
            }
          },
        ),
      );
    },

    /** What is not as promised so far, and shows while it goes on. */
    found: () => verdict.found(),

    /** From now on, names are looked up so; see `FakeNames`. */
    names(addresses) {
      names ??= new FakeNames();
      names.addresses = addresses;
    },

    /** Lets the loops end, for so long at most; then asks what is there at rest. */
    async end({ withinMs }) {
      stopping = true;
      await Promise.race([Promise.all(loops), sleep(withinMs, undefined, { ref: false })]);
      const unsettled = verdict.open;
      const unsettledKinds = verdict.openKinds();
      const grown = growth.end();
      const eventLoop = delay.end();
      const services = [subject, ...(http === undefined ? [] : [around(http.service)])];
      const unpaid = await paid(services.map(({ raw }) => raw));
      if (unsettled === 0) {
        for (const some of counters) await some.judge();
        await Promise.all(Object.values(rows).map((some) => some.settle()));
      }
      const closed = Promise.all([http?.close(), subject.service.close()]);
      await Promise.race([closed, sleep(COMMAND_LIMIT_MS, undefined, { ref: false })]);
      await sleep(100);
      const handles = beyond(leftOpen(), handlesBefore);
      return { ...verdict.figures(), unsettled, unsettledKinds, ...grown, eventLoop, unpaid, handles };
    },
  };
}

const nextTurn = () => new Promise((resolve) => void setImmediate(resolve));

function byId(rows) {
  return new Map(rows.map((row) => [row.id, row]));
}

/** Waits until no server is owed anything. */
async function paid(clients) {
  const until = performance.now() + PAID_LIMIT_MS;
  const owed = () => clients.flatMap((client) => client.topology()).reduce((sum, node) => sum + node.owed, 0);
  const up = () => clients.every((client) => client.topology().every(({ state }) => state === 'up'));
  while ((owed() > 0 || !up()) && performance.now() < until) {
    const asked = Promise.all(clients.map((client) => client.get('anything').catch(() => undefined)));
    await Promise.race([asked, sleep(COMMAND_LIMIT_MS, undefined, { ref: false })]);
    await sleep(20);
  }
  return owed();
}

/** Sockets, timers and the like; and who listens to the process, once for each. */
function leftOpen() {
  const listeners = process
    .eventNames()
    .flatMap((name) =>
      Array.from({ length: process.listenerCount(name) }, () => `listener of ${String(name)}`),
    );
  return [...process.getActiveResourcesInfo(), ...listeners];
}

/** What is open now and was not before. */
function beyond(now, before) {
  const left = [...before];
  return now.filter((name) => {
    const at = left.indexOf(name);
    if (at < 0) return name !== 'Immediate';
    left.splice(at, 1);
    return false;
  });
}
