import type { DistributionServer, OwnerOf } from '../../custom-distribution.js';
import type { CommonDistributionOptions, RendezvousOptions } from '../../options/distribution-options.js';
import { bool, withDefault } from '../../options/schema.js';
import { equalWeights } from './counted-weights.js';
import { family } from './family.js';
import { murmur3Finish, murmur3State } from './hash/murmur.js';
import { labels, withPort } from './labels.js';
import { ignoredWeights } from './warnings.js';
import { rebuiltWithoutDown } from './without-down.js';

/** Murmur takes four bytes at a time. */
const WORD_BYTES = 4;

type Resolved = Omit<Required<RendezvousOptions>, 'type' | keyof CommonDistributionOptions>;

export const rendezvous = family<Resolved>(
  { bytesKeys: withDefault(bool, false) },
  (servers, { bytesKeys }) => {
    const build = (live: readonly number[]): OwnerOf => {
      const contest = new Contest(live.map((owner) => contestant(owner, servers[owner])));
      return bytesKeys ? (key) => contest.winner(pythonBytes(key)) : (key) => contest.winner(key);
    };
    return rebuiltWithoutDown(equalWeights(servers), build, ignoredWeights('rendezvous', servers));
  },
);

/** One server's part of the hashed text, `host:port-`, with all of its whole words hashed already. */
interface Contestant {
  readonly owner: number;
  readonly label: string;
  readonly state: number;
  /** The bytes behind the last whole word, at most three. */
  readonly tail: Uint8Array;
  readonly length: number;
}

const labelOf = labels(withPort);

function contestant(owner: number, server: DistributionServer): Contestant {
  const label = labelOf(server);
  const bytes = new Uint8Array(label.length + 1);
  const length = writeLowBytes(`${label}-`, bytes, 0);
  const whole = length & -WORD_BYTES;
  const state = murmur3State(new DataView(bytes.buffer), whole, 0);
  return { owner, label, state, tail: bytes.slice(whole, length), length };
}

class Contest {
  readonly #contestants: readonly Contestant[];
  /** The key behind room for a tail of as many bytes as the buffer's index. */
  readonly #buffers = [new Uint8Array(256), new Uint8Array(256), new Uint8Array(256), new Uint8Array(256)];
  readonly #views = this.#buffers.map(({ buffer }) => new DataView(buffer));

  constructor(contestants: readonly Contestant[]) {
    this.#contestants = contestants;
  }

  winner(key: string): number {
    const keyLength = this.#load(key);
    let best: Contestant | undefined;
    let bestScore = -1;
    for (const one of this.#contestants) {
      const start = one.tail.length;
      const buffer = this.#buffers[start];
      for (let i = 0; i < start; i += 1) buffer[i] = one.tail[i];
      const score =
        murmur3Finish(this.#views[start], start + keyLength, one.state, one.length + keyLength) >>> 0;
      if (score > bestScore || (score === bestScore && best !== undefined && one.label > best.label)) {
        best = one;
        bestScore = score;
      }
    }
    return best === undefined ? -1 : best.owner;
  }

  #load(key: string): number {
    let length = 0;
    for (let start = 0; start < WORD_BYTES; start += 1) {
      if (this.#buffers[start].length < start + key.length) {
        this.#buffers[start] = new Uint8Array(start + key.length);
        this.#views[start] = new DataView(this.#buffers[start].buffer);
      }
      length = writeLowBytes(key, this.#buffers[start], start) - start;
    }
    return length;
  }
}

/**
 * Writes the low eight bits of each code point, all that pymemcache's murmur sees of one.
 *
 * @returns the index behind the last byte written.
 */
function writeLowBytes(text: string, bytes: Uint8Array, start: number): number {
  let end = start;
  for (let i = 0; i < text.length; i += 1) {
    // The low bits of a surrogate pair's code point are those of its second half.
    if (isHighSurrogate(text.charCodeAt(i)) && isLowSurrogate(text.charCodeAt(i + 1))) i += 1;
    bytes[end] = text.charCodeAt(i);
    end += 1;
  }
  return end;
}

function isHighSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}

/** What Python writes for the key's UTF-8 bytes: `b'caf\xc3\xa9'`. */
function pythonBytes(key: string): string {
  const quote = key.includes("'") && !key.includes('"') ? '"' : "'";
  let text = `b${quote}`;
  for (const byte of Buffer.from(key)) text += pythonByte(byte, quote);
  return text + quote;
}

function pythonByte(byte: number, quote: string): string {
  const char = String.fromCharCode(byte);
  if (char === '\\' || char === quote) return `\\${char}`;
  if (char === '\t') return '\\t';
  if (char === '\n') return '\\n';
  if (char === '\r') return '\\r';
  return byte >= 0x20 && byte < 0x7f ? char : `\\x${byte.toString(16).padStart(2, '0')}`;
}
