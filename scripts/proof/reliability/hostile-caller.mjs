/* A process that is given what no sound peer, neighbour or caller would give it, and tells what came of it. */
import * as fc from 'fast-check';
import {
  HOSTILE_CODECS,
  BOUNDS,
  FOREIGN_SAMPLES,
  hostileValues,
  VALUES,
} from '../../../test/support/hostile-values.ts';
import { attacksOnClient, run } from '../../../test/support/injections.ts';
import { EventLoopDelay } from '../event-loop.mjs';
import { Forgeries } from './forgeries.mjs';
import { forgedDiscovery } from './forged-discovery.mjs';
import { hostileArguments } from './hostile-arguments.mjs';

/** Of one read: bytes it may decompress, and parts it may have. */
const BUDGET = { maxReadBytes: 15_000, maxReadNodes: 200 };

/** What no decoded value comes to that was within the bounds: short JSON is not counted, for it cannot come to more. */
const MAX_SIZE = { parts: 16 * 1024, characters: 5 * BOUNDS.maxDecompressedBytes };

export function operations(lib, dist) {
  const part = (file) => import(`file://${dist}/${file}`);

  return {
    /** Every codec decodes so many values. */
    async values({ count }) {
      const { inBytes, inPlace } = await part('client/codec/codec.js');
      const { createCodec } = await part('client/codec/create-codec.js');
      const { ReadBudget } = await part('client/codec/read-budget.js');
      const { readCodec } = await part('options/codec-options.js');
      const found = new Found();
      for (const [name, option] of Object.entries(HOSTILE_CODECS)) {
        const codec = inPlace(createCodec(readCodec(option, 'codec')));
        const sound = [...FOREIGN_SAMPLES];
        for (const value of VALUES) {
          try {
            sound.push(inBytes(await codec.encode(value, 'key')));
          } catch {
            // Not every codec stores everything.
          }
        }
        for (const { flags, data } of generated(hostileValues(sound), count)) {
          found.tried += 1;
          const began = performance.now();
          try {
            const decoding = codec.decodeAt(data, 0, data.length, flags, 'key', new ReadBudget(BUDGET));
            found.longestMs = Math.max(found.longestMs, performance.now() - began);
            const value = await decoding;
            if (isBeyond(value))
              found.complain(`${name}: a value beyond its bounds, of ${data.length} bytes`);
          } catch (error) {
            if (error?.code !== 'MEMCACHED_CODEC') found.complain(`${name}: ${error?.stack}`);
            else found.refused += 1;
          }
        }
      }
      return found.end();
    },

    /** So many calls with something hostile in place of one argument. */
    async injections({ count, address, protocol }) {
      const attacks = attacksOnClient();
      const found = new Found();
      const delay = new EventLoopDelay();
      const client = new lib.MemcachedClient({ servers: address, protocol });
      const witness = new lib.MemcachedClient({ servers: address });
      await client.connect();
      for (let seed = 1; found.tried < count; seed += 1) {
        const some = shuffled(
          attacks(hostileArguments(seed)).filter(({ method }) => method !== 'setServers'),
        );
        for (const attack of some) {
          if (found.tried === count) break;
          found.tried += 1;
          await run(client, attack);
          if ((await witness.get('injected')) === undefined) continue;
          found.complain(`${attack.name}: a command of its own`);
          await witness.delete('injected');
        }
      }
      if (client.topology()[0].state !== 'up') found.complain('the connection did not survive');
      await Promise.all([client.close(), witness.close()]);
      return found.end(delay);
    },

    /** So many items of the cache are forged, and read through it. */
    async forgeries({ count, address }) {
      const found = new Found();
      const forgeries = await Forgeries.open(lib, dist, address, found);
      // Loading Nest and Express is nothing that a hostile store brings about.
      const delay = new EventLoopDelay();
      while (found.tried < count) await forgeries.round();
      await forgeries.close();
      return found.end(delay);
    },

    /** So many lists of servers are forged. */
    async discovery({ count }) {
      const found = new Found();
      const delay = new EventLoopDelay();
      await forgedDiscovery(lib, count, found);
      return found.end(delay);
    },
  };
}

/** How many were tried, what was refused, and the first few that were not as promised. */
class Found {
  tried = 0;
  refused = 0;
  wrong = 0;
  /** The longest that one of them kept the process from all else, where that is measured. */
  longestMs = 0;
  /** @readonly */
  complaints = [];

  complain(text) {
    this.wrong += 1;
    if (this.complaints.length < 5) this.complaints.push(text.slice(0, 300));
  }

  end(delay) {
    const { tried, refused, wrong, complaints, longestMs } = this;
    const maxRssMib = process.resourceUsage().maxRSS / 1024;
    return { tried, refused, wrong, complaints, maxRssMib, longestMs, eventLoop: delay?.end() };
  }
}

function shuffled(list) {
  return list
    .map((each) => ({ each, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ each }) => each);
}

/** So many are made anew; the others are these with some bytes changed, which takes a tenth of the time. */
const MADE = 1000;

function* generated(arbitrary, count) {
  const made = fc.sample(arbitrary, { numRuns: Math.min(count, MADE), seed: 1 });
  yield* made;
  for (let index = made.length; index < count; index += 1) {
    const { flags, data } = made[index % made.length];
    const bytes = Buffer.from(data);
    for (let change = index % 5; change >= 0 && bytes.length > 0; change -= 1)
      bytes[Math.floor(Math.random() * bytes.length)] = Math.random() * 256;
    yield { flags: index % 3 === 0 ? made[(index * 7) % made.length].flags : flags, data: bytes };
  }
}

/** Whether something has more parts or characters than the bounds let it have. */
function isBeyond(value) {
  const left = [value];
  const seen = new Set();
  for (let parts = 0; left.length > 0; parts += 1) {
    if (parts > MAX_SIZE.parts) return true;
    const next = left.pop();
    if (seen.has(next)) continue;
    if (typeof next === 'object') seen.add(next);
    if (typeof next === 'string' && next.length > MAX_SIZE.characters) return true;
    if (ArrayBuffer.isView(next)) continue;
    if (next instanceof Map || next instanceof Set) left.push(...[...next].flat());
    else if (typeof next === 'object' && next !== null) left.push(...Object.values(next));
  }
  return false;
}
