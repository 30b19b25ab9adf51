import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { BoundedMap } from '../../bounded-map.js';
import { CodecError } from '../../errors.js';
import type { ResolvedSealOptions } from '../../options/codec-options.js';
import type { SealKey } from '../../options/seal-key.js';
import {
  andThen,
  inBytes,
  inPlace,
  NamedCodec,
  type Codec,
  type Encoded,
  type InPlaceCodec,
  type Stored,
} from './codec.js';
import { FLAGS_SEALED } from './flags.js';
import type { ReadBudget } from './read-budget.js';

/*
 * A sealed value:
 *
 *   1   version, 1
 *   1   length of the key's id
 *   …   the key's id
 *   16  salt
 *   12  nonce
 *   …   encrypted: the real flags (4 bytes, little endian), the data
 *   16  GCM's tag
 *
 * Authenticated with it: everything up to the nonce, and the cache key.
 *
 * The key in use is derived from the seal's key and the salt, by HKDF. Nonces are random, and AES-GCM allows 2^32 of
 * those under one key: a busy fleet writes as many in a few days. So each process has a key of its own, and takes a new
 * one after 2^20 values.
 */

const VERSION = 1;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FLAGS_LENGTH = 4;
const VALUES_PER_SALT = 2 ** 20;

/** Derived keys that are kept for reading: about as many processes as write at a time. */
const MAX_DERIVED_KEYS = 256;

const CIPHER = 'aes-256-gcm';

/** Encrypts what another codec encodes, bound to its key: nobody without a key can read, change, forge or move it. */
export class SealingCodec extends NamedCodec {
  readonly #inner: InPlaceCodec;
  readonly #acceptUnsealed: boolean;
  readonly #writer: SealWriter;
  readonly #reader: SealReader;

  get seals(): boolean {
    return true;
  }

  get packed(): InPlaceCodec {
    return this.#inner;
  }

  constructor(inner: Codec, options: ResolvedSealOptions) {
    super();
    this.#inner = inPlace(inner);
    this.#acceptUnsealed = options.acceptUnsealed;
    this.#writer = new SealWriter(options.keys[0]);
    this.#reader = new SealReader(options.keys);
  }

  encode(value: unknown, key: string): Encoded | Promise<Encoded> {
    return andThen(this.#inner.encode(value, key), (encoded) => this.#writer.seal(inBytes(encoded), key));
  }

  decode(data: Buffer, flags: number, key: string, budget?: ReadBudget): unknown {
    if (flags === FLAGS_SEALED) {
      const opened = this.#reader.open(data, key);
      return this.#inner.decode(opened.data, opened.flags, key, budget);
    }
    if (this.#acceptUnsealed) return this.#inner.decode(data, flags, key, budget);
    throw new CodecError('the value is not sealed; codec.seal.acceptUnsealed would read it');
  }
}

class SealWriter {
  readonly #key: SealKey;

  /** Everything in front of the nonce, and the key derived for it. */
  #header = Buffer.alloc(0);
  #derived: KeyObject | undefined;
  #valuesLeft = 0;

  constructor(key: SealKey) {
    this.#key = key;
  }

  seal({ data, flags }: Stored, cacheKey: string): Stored {
    if (this.#derived === undefined || this.#valuesLeft === 0) this.#derived = this.#renew();
    this.#valuesLeft -= 1;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#derived, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(authenticated(this.#header, cacheKey));
    const plainFlags = Buffer.allocUnsafe(FLAGS_LENGTH);
    plainFlags.writeUInt32LE(flags);
    const parts = [this.#header, nonce, cipher.update(plainFlags), cipher.update(data), cipher.final()];
    return { data: Buffer.concat([...parts, cipher.getAuthTag()]), flags: FLAGS_SEALED };
  }

  #renew(): KeyObject {
    const id = Buffer.from(this.#key.id, 'latin1');
    const salt = randomBytes(SALT_BYTES);
    this.#header = Buffer.concat([Buffer.of(VERSION, id.length), id, salt]);
    this.#valuesLeft = VALUES_PER_SALT;
    return derive(this.#key, salt);
  }
}

class SealReader {
  readonly #keys: readonly SealKey[];

  /** By the header, the one used last at the end. */
  readonly #derived = new BoundedMap<string, KeyObject>(MAX_DERIVED_KEYS);

  constructor(keys: readonly SealKey[]) {
    this.#keys = keys;
  }

  open(data: Buffer, cacheKey: string): Stored {
    const headerLength = 2 + (data[1] ?? 0) + SALT_BYTES;
    const start = headerLength + NONCE_BYTES;
    const end = data.length - TAG_BYTES;
    if (data[0] !== VERSION || end < start + FLAGS_LENGTH)
      throw new CodecError('the stored bytes are not a sealed value');
    const header = data.subarray(0, headerLength);
    const decipher = createDecipheriv(CIPHER, this.#deriveFor(header), data.subarray(headerLength, start), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(authenticated(header, cacheKey));
    decipher.setAuthTag(data.subarray(end));
    const plain = decipher.update(data.subarray(start, end));
    try {
      decipher.final();
    } catch {
      throw new CodecError(
        'the seal is broken: the value was changed, moved from another key, or sealed with another key',
      );
    }
    return { data: plain.subarray(FLAGS_LENGTH), flags: plain.readUInt32LE(0) };
  }

  #deriveFor(header: Buffer): KeyObject {
    const name = header.toString('latin1');
    let derived = this.#derived.get(name);
    if (derived === undefined) {
      const id = header.toString('latin1', 2, header.length - SALT_BYTES);
      const key = this.#keys.find((candidate) => candidate.id === id);
      // The id is not quoted: anybody may have written it.
      if (key === undefined)
        throw new CodecError('the value is sealed with a key that codec.seal.keys does not have');
      derived = derive(key, header.subarray(-SALT_BYTES));
    } else {
      this.#derived.delete(name);
    }
    this.#derived.set(name, derived);
    return derived;
  }
}

function derive(key: SealKey, salt: Buffer): KeyObject {
  return key.reveal((bytes) => {
    const derived = hkdfSync('sha256', bytes, salt, 'nestjs-memcached seal 1', 32);
    return createSecretKey(new Uint8Array(derived));
  });
}

/** The header tells its own length, so that no part of it can pass for a part of the cache key. */
function authenticated(header: Buffer, cacheKey: string): Buffer {
  return Buffer.concat([header, Buffer.from(cacheKey, 'utf8')]);
}
