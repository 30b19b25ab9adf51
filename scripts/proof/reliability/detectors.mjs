/* Whether the proof would notice: the same cases with a fault planted in the library, each of which has to be found. */
import { Callers, CLUSTER_ROWS } from '../cluster/rows.mjs';
import { chaosStorm } from './chaos.mjs';
import { forgeries, hostileValues, injections } from './hostile.mjs';
import { killed } from './outages.mjs';

const liar = (how) => chaosStorm(how, { protocol: 'meta', lying: true });
const network = (how) => chaosStorm(how, { protocol: 'meta' });

/** `from` stands once in a file of the build and becomes `to`; what is found has to be one of `finds`. */
const PLANTED = [
  {
    name: 'replies are not compared with their requests',
    file: 'connection/connection.js',
    from: 'if (!known && !refused && !answers(reply, request))',
    to: 'if (false)',
    run: liar,
    finds: ['wrong', 'stale', 'lost', 'doubled'],
  },
  {
    name: '`update` stores whatever is there meanwhile',
    file: 'cache/cas-update.js',
    from: "(await store.write(key, entry, keepSeconds, finding.cas)) === 'stored'",
    to: '(await store.set(key, entry, keepSeconds), true)',
    run: network,
    finds: ['lost'],
  },
  {
    name: 'a load is stored though its key was invalidated meanwhile',
    file: 'cache/computation.js',
    from: 'const written = await store.writeLoaded(key, entry, keepSeconds, finding.reading);',
    to: "const written = (await store.set(key, entry, keepSeconds)) ? 'stored' : 'exists';",
    run: network,
    finds: ['stale'],
  },
  {
    name: 'a lost invalidation is forgotten',
    file: 'cluster/owed-invalidations.js',
    from: 'add(request) {',
    to: 'add(request) { return;',
    run: network,
    finds: ['stale'],
  },
  {
    name: 'requests of a connection that breaks are forgotten',
    file: 'connection/connection.js',
    from: 'const written = this.#pending.drain();',
    to: 'const written = this.#pending.drain(); written.length = Math.min(written.length, this.#batch.requests);',
    run: killed,
    finds: ['unsettled'],
  },
  {
    name: 'a promise rejects, and nobody looks',
    file: 'connection/connection.js',
    from: 'this.#onDrained?.();',
    to: "Promise.reject(new Error('planted')); this.#onDrained?.();",
    run: killed,
    finds: ['unhandled'],
  },
  {
    name: 'an exception that nobody catches',
    file: 'connection/connection.js',
    from: 'this.#onDrained?.();',
    to: "setImmediate(() => { throw new Error('planted'); }); this.#onDrained?.();",
    run: killed,
    finds: ['crashes'],
  },
  {
    name: 'requests are kept for ever',
    file: 'connection/connection.js',
    from: 'this.#pending.push(request);',
    to: '(globalThis.planted ??= []).push(new Array(10_000).fill(request)); this.#pending.push(request);',
    run: killed,
    finds: ['heap', 'crashes'],
  },
  {
    name: 'a timer is left behind',
    file: 'connection/connection.js',
    from: 'this.#onDrained?.();',
    to: 'setInterval(() => undefined, 1000); this.#onDrained?.();',
    run: killed,
    finds: ['handles'],
  },
  {
    name: 'deadlines are not kept',
    file: 'connection/connection.js',
    from: 'this.#pending.failDue(now,',
    to: 'this.#pending.failDue(-1,',
    run: network,
    finds: ['longest', 'unsettled'],
  },
  {
    name: 'what cannot be read is told by an error of another kind',
    file: 'client/codec/bounds.js',
    from: "throw new CodecError('the stored bytes are not JSON');",
    to: "throw new TypeError('planted');",
    run: hostileValues,
    finds: ['wrong'],
  },
  {
    name: 'what becomes bytes is not checked',
    file: 'protocol/request-fields.js',
    from: 'if (flags >>> 0 === flags)',
    to: 'if (true)',
    run: injections('classic'),
    finds: ['wrong'],
  },
  {
    name: 'an answer of a route may have any status',
    file: 'nest/http/stored-response.js',
    from: 'STORABLE_STATUS.has(status) &&',
    to: 'status &&',
    run: forgeries,
    finds: ['wrong'],
  },
  {
    name: 'nobody is told that a value will not be cached',
    file: 'cache/computation.js',
    from: '#leave(call, finding, remains, loadMs) {',
    to: '#leave(call, finding, remains, loadMs) { return;',
    run: (how) => clusterRow(how, 'not be cached: skip'),
    finds: ['bound'],
  },
];

/** A row for each planted fault, held if it is found. */
export const DETECTORS = PLANTED.map(({ name, run, finds, ...patch }) => ({
  name,
  async run(how) {
    const result = await run({ ...how, patch, finds });
    const found = result.found ?? (result.held ? [] : ['bound']);
    return {
      figure: found.length === 0 ? 'not noticed' : `noticed: ${found.join(', ')}`,
      bound: finds.join(' or '),
      held: found.some((what) => finds.includes(what)),
      details: found.some((what) => finds.includes(what)) ? [] : [result.figure, ...(result.details ?? [])],
    };
  },
}));

async function clusterRow(how, part) {
  const callers = new Callers(how.dist, how.patch);
  try {
    return await CLUSTER_ROWS.find(({ name }) => name.includes(part)).run({ ...how, callers });
  } finally {
    await callers.stop();
  }
}
