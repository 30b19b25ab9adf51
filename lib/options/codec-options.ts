import { getHeapStatistics } from 'node:v8';
import type { Codec } from '../codec.js';
import { InvalidOptionsError } from '../errors.js';
import {
  bool,
  func,
  integer,
  oneOf,
  optional,
  checkObject,
  readObject,
  withDefault,
  type Reader,
  type Shape,
} from './schema.js';
import { readSealKeys, type SealKey, type SealKeyOption } from './seal-key.js';

/** The codecs that can be named: our own four, and the ways of other clients. */
export type CodecName =
  /** All that structured clone can carry comes back deeply equal; text, numbers and JSON are readable for others. */
  | 'default'
  /** `JSON.stringify` and `JSON.parse` for everything, with all that they lose; reads JSON under whatever flags. */
  | 'json'
  /** Bytes and text are stored as they are, everything comes back as a Buffer; reads whatever others stored. */
  | 'raw'
  /** `node:v8`'s serialization of everything, with what it loses: classes and properties named by symbols. */
  | 'v8'
  /** python-memcached and pymemcache's `PickleSerde`. */
  | 'python'
  /** php-memcached. */
  | 'php'
  /** Dalli with `serializer: JSON`, and its raw values. */
  | 'dalli'
  /** spymemcached and the AWS client for Java. */
  | 'spymemcached'
  /** The npm package `memcached`. */
  | 'npm-memcached'
  /** The npm package `memjs`. */
  | 'memjs';

/** What the option `codec` takes: a name, settings, or a codec of your own. */
export type CodecOption = CodecName | CodecOptions | Codec;

/** How values are stored. */
export interface CodecOptions {
  /**
   * How a value becomes bytes: one of the names, or a codec of your own to be compressed and sealed around.
   *
   * @default 'default'
   */
  type?: CodecName | Codec | undefined;

  /**
   * What becomes of an instance of a class that `types` does not name. Only for `default`.
   *
   * `refuse`: a `CodecError` when it is stored, naming class and place. `flatten`: its own enumerable properties are
   * stored, and come back as a plain object, so that a hit differs from a miss.
   *
   * @default 'refuse'
   */
  classInstances?: 'refuse' | 'flatten' | undefined;

  /**
   * Classes whose instances come back as instances, at any depth, each by the name it is stored under. Only for
   * `default`.
   *
   * A class alone: an object with its prototype gets the stored properties, without a constructor being called; that
   * does not do for classes with `#private` fields or built on built-in ones, which need `toPlain` and `revive`.
   *
   * @default {}
   * @example `{ Product, Money: { class: Money, toPlain: (m: Money) => m.cents, revive: (c: number) => new Money(c) } }`
   */
  types?: Readonly<Record<string, Constructor | StoredClass>> | undefined;

  /**
   * The package `class-transformer` (`import * as classTransformer from 'class-transformer'`): it then turns instances
   * of the bare classes of `types` into plain objects and back, by their decorators. Only for `default`.
   */
  classTransformer?: ClassTransformer | undefined;

  /**
   * Values of more bytes than this are compressed, in Node's thread pool, and stored so if that made them smaller; 0
   * tries it with every value. Compressed values are read whatever this says.
   *
   * @default never
   */
  compressOverBytes?: number | undefined;

  /**
   * How values are compressed. `zstd` needs Node 22.15 or 23.8. The ways of other clients know only `zlib`.
   *
   * @default 'zlib'
   */
  compression?: Compression | undefined;

  /**
   * Most bytes that a compressed value may have when it is decompressed. What passes this bound or one of those below is a
   * `CodecError` when it is stored or read, and a miss for the cache.
   *
   * @default 33_554_432
   */
  maxDecompressedBytes?: number | undefined;

  /**
   * Most parts of one value: elements, names, objects, and the holes of arrays. Reading half a million takes up to half a
   * second, in which this process does nothing else. Of codec `v8`, eight bytes count as a part.
   *
   * @default 524_288
   */
  maxNodes?: number | undefined;

  /**
   * How deep objects and arrays may be nested; looked at in JSON of more than 16 KiB, and wherever there are other values
   * than JSON's. Shorter JSON is nested 8,000 deep at most, which V8 parses in 2 ms and nothing here goes down into.
   *
   * @default 500
   */
  maxDepth?: number | undefined;

  /**
   * Most digits of a number.
   *
   * @default 4_096
   */
  maxDigits?: number | undefined;

  /**
   * Most bytes that the compressed values of one many-key read may have together when they are decompressed.
   *
   * @default an eighth of the heap's limit (`--max-old-space-size`)
   */
  maxReadBytes?: number | undefined;

  /**
   * Most parts that the values of one many-key read may have together, not counting those of its first MiB of JSON.
   *
   * @default one for 256 bytes of the heap's limit
   */
  maxReadNodes?: number | undefined;

  /**
   * Encrypts and authenticates every value with AES-256-GCM, for servers that others can write to. Not with the ways
   * of other clients, who could not read them.
   */
  seal?: SealOptions | undefined;
}

/** How values are compressed; `zstd` needs Node 22.15, 23.8 or newer. */
export type Compression = 'zlib' | 'brotli' | 'zstd';

/** How values are sealed. */
export interface SealOptions {
  /** The first key seals; all of them open. To rotate: add the new one at the end everywhere, then move it to the front. */
  keys: readonly SealKeyOption[];

  /**
   * Whether values that are not sealed are read, too: while sealing is being introduced, and no longer.
   *
   * @default false
   */
  acceptUnsealed?: boolean | undefined;
}

/** What a value may come to when it is read, and what the values of a many-key read may come to together. */
export interface CodecBounds {
  readonly maxNodes: number;
  readonly maxDepth: number;
  readonly maxDigits: number;
  readonly maxReadBytes: number;
  readonly maxReadNodes: number;
}

/** The option `codec` as the codecs get it. */
export interface ResolvedCodecOptions extends CodecBounds {
  readonly type: CodecName | Codec;
  readonly classInstances: 'refuse' | 'flatten';
  readonly types: Readonly<Record<string, StoredClass>>;
  readonly classTransformer: ClassTransformer | undefined;
  /** `Infinity` for never. */
  readonly compressOverBytes: number;
  readonly compression: Compression;
  readonly maxDecompressedBytes: number;
  readonly seal: ResolvedSealOptions | undefined;
}

export interface ResolvedSealOptions {
  readonly keys: readonly SealKey[];
  readonly acceptUnsealed: boolean;
}

/** A class, abstract or not, whatever its constructor takes. */
export type Constructor = abstract new (...args: never[]) => object;

/** How the instances of one class are stored. */
export interface StoredClass {
  /** The class itself; its subclasses are others. */
  class: Constructor;

  /**
   * Turns an instance into what is stored for it: anything the codec can store.
   *
   * @default its own enumerable properties
   */
  toPlain?: ((instance: never) => unknown) | undefined;

  /**
   * Makes an instance of what was stored.
   *
   * @default an object with the class's prototype gets the stored properties; no constructor is called
   */
  revive?: ((plain: never) => object) | undefined;
}

/** The two functions of the package `class-transformer` that are used; the package itself fits. */
export interface ClassTransformer {
  /** Makes the plain object that is stored. */
  instanceToPlain(instance: object): unknown;
  /** Makes an instance of what was stored. */
  plainToInstance(to: Constructor, plain: unknown): object;
}

const NAMES: readonly CodecName[] = [
  'default',
  'json',
  'raw',
  'v8',
  'python',
  'php',
  'dalli',
  'spymemcached',
  'npm-memcached',
  'memjs',
];

/** The codecs that write what another client reads, each with whether that client reads compressed values. */
const FOREIGN: Partial<Record<CodecName, { readonly readsCompressed: boolean }>> = {
  python: { readsCompressed: true },
  php: { readsCompressed: true },
  dalli: { readsCompressed: true },
  spymemcached: { readsCompressed: true },
  'npm-memcached': { readsCompressed: false },
  memjs: { readsCompressed: false },
};

const MAX_DECOMPRESSED_BYTES = 32 * 1024 * 1024;

/** The heap's limit in this process, which is what must not be used up by what others have stored. */
const HEAP_BYTES = getHeapStatistics().heap_size_limit;

const BOUNDS: Shape<CodecBounds> = {
  maxNodes: withDefault(integer(1), 2 ** 19),
  // What the default codec stores as plain JSON may be nested 64 deep.
  maxDepth: withDefault(integer(64, 2000), 500),
  // What numbers may have that count as exact, and more.
  maxDigits: withDefault(integer(20), 4096),
  maxReadBytes: withDefault(integer(1), Math.floor(HEAP_BYTES / 8), "an eighth of the heap's limit"),
  maxReadNodes: withDefault(
    integer(1),
    Math.floor(HEAP_BYTES / 256),
    "one for 256 bytes of the heap's limit",
  ),
};

/** The bounds of a codec that nobody gave options. */
export const DEFAULT_BOUNDS: CodecBounds = readObject<CodecBounds>({}, 'codec', BOUNDS);

/** One reader for each option of `codec.seal`. */
export const SEAL_OPTIONS: Shape<ResolvedSealOptions> = {
  keys: readSealKeys,
  acceptUnsealed: withDefault(bool, false),
};

const readSeal: Reader<ResolvedSealOptions> = (value, path) => {
  const example = "{ keys: [{ id: '2026', key }] }";
  // Not shown: it may be the key itself, put in the wrong place.
  if (typeof value === 'string') {
    throw new InvalidOptionsError(path, `expected an object such as ${example}, got a string`);
  }
  return readObject<ResolvedSealOptions>(value, path, SEAL_OPTIONS, example);
};

const readStoredClass: Reader<StoredClass> = (value, path) => {
  if (isClass(value)) return { class: value };
  const stored = readObject<StoredClass>(value, path, {
    class: (given, at) => {
      if (isClass(given)) return given;
      throw new InvalidOptionsError(at, 'expected a class');
    },
    toPlain: optional(func()),
    revive: optional(func()),
  });
  if (stored.toPlain === undefined || stored.revive !== undefined) return stored;
  throw new InvalidOptionsError(`${path}.revive`, 'toPlain needs a revive that turns back what it makes');
};

/** The option `codec.types`. */
export const readTypes: Reader<Readonly<Record<string, StoredClass>>> = (value, path) => {
  checkObject(value, path, '{ Product }');
  const types = Object.entries(value).map(
    ([name, given]) => [name, readStoredClass(given, `${path}.${name}`)] as const,
  );
  types.forEach(([name, { class: given }], index) => {
    const first = types.find(([, other]) => other.class === given);
    if (first !== types[index])
      throw new InvalidOptionsError(`${path}.${name}`, `is the class named '${first?.[0]}' already`);
  });
  return Object.freeze(Object.fromEntries(types));
};

const readClassTransformer: Reader<ClassTransformer> = (value, path) => {
  const given = value as Partial<ClassTransformer> | null;
  if (typeof given?.instanceToPlain === 'function' && typeof given.plainToInstance === 'function') {
    return given as ClassTransformer;
  }
  throw new InvalidOptionsError(
    path,
    "expected the package: import * as classTransformer from 'class-transformer'",
  );
};

const readType: Reader<CodecName | Codec> = (value, path) =>
  isCodec(value) ? value : oneOf(...NAMES)(value, path);

/** One reader for each option of `codec`. */
export const CODEC_OPTIONS: Shape<ResolvedCodecOptions> = {
  type: withDefault(readType, 'default'),
  classInstances: withDefault(oneOf('refuse', 'flatten'), 'refuse'),
  types: withDefault(readTypes, {}),
  classTransformer: optional(readClassTransformer),
  compressOverBytes: withDefault(integer(0), Number.POSITIVE_INFINITY, 'never'),
  compression: withDefault(oneOf('zlib', 'brotli', 'zstd'), 'zlib'),
  maxDecompressedBytes: withDefault(integer(1), MAX_DECOMPRESSED_BYTES),
  ...BOUNDS,
  seal: optional(readSeal),
};

/**
 * Reads the option `codec`, whichever form it has.
 *
 * @throws {InvalidOptionsError} with the path of what is wrong, and for what does not go together.
 */
export const readCodec: Reader<ResolvedCodecOptions> = (value, path) => {
  const isSettings = typeof value === 'object' && !isCodec(value);
  const given = isSettings ? value : { type: value === undefined ? value : readType(value, path) };
  const options = readObject<ResolvedCodecOptions>(given, path, CODEC_OPTIONS);
  const { type } = options;
  const written = given as Record<string, unknown>;
  const refuse = (name: keyof CodecOptions, problem: string): void => {
    if (written[name] !== undefined) throw new InvalidOptionsError(`${path}.${name}`, problem);
  };
  if (type !== 'default') {
    for (const name of ['classInstances', 'types', 'classTransformer'] as const) {
      refuse(name, "is a setting of the codec 'default' alone");
    }
  }
  if (typeof type !== 'string') return options;
  const foreign = FOREIGN[type];
  if (foreign === undefined) return options;
  refuse('seal', `what is sealed cannot be read by those for whom '${type}' writes`);
  if (!foreign.readsCompressed) refuse('compressOverBytes', `'${type}' does not read compressed values`);
  if (options.compression !== 'zlib') refuse('compression', `'${type}' reads nothing but zlib`);
  return options;
};

function isCodec(value: unknown): value is Codec {
  const given = value as Partial<Codec> | null | undefined;
  return typeof given?.encode === 'function' && typeof given.decode === 'function';
}

function isClass(value: unknown): value is Constructor {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}
