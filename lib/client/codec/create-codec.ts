import type { CodecName, ResolvedCodecOptions } from '../../options/codec-options.js';
import { Bounds } from './bounds.js';
import { ClassTypes } from './class-types.js';
import type { Codec } from './codec.js';
import {
  CompressingCodec,
  EitherPacking,
  PythonPacking,
  WrappedPacking,
  type Packing,
} from './compressing-codec.js';
import { Decompressor, requireFormat } from './compression.js';
import { createDefaultCodec } from './default-codec.js';
import { createJsonCodec } from './json-codec.js';
import { createDalliCodec, DalliPacking } from './profiles/dalli.js';
import { createMemjsCodec } from './profiles/memjs.js';
import { createNpmMemcachedCodec } from './profiles/npm-memcached.js';
import { createPhpCodec, PhpPacking } from './profiles/php.js';
import { createPythonCodec } from './profiles/python.js';
import { createSpymemcachedCodec, SpymemcachedPacking } from './profiles/spymemcached.js';
import { createRawCodec } from './raw-codec.js';
import { SealingCodec } from './sealing-codec.js';
import { createV8Codec } from './v8-codec.js';

/**
 * Makes the codec that the option `codec` asks for: the value's own, compressed around that, sealed around both.
 *
 * @param options what `readCodec` made of the option.
 * @param classes whose instances codec `default` carries.
 * @throws {InvalidOptionsError} for a compression that this Node does not have.
 */
export function createCodec(
  options: ResolvedCodecOptions,
  classes = new ClassTypes(options.types, options.classTransformer),
): Codec {
  const bounds = new Bounds(options);
  const values =
    typeof options.type === 'string' ? createNamed(options.type, options, bounds, classes) : options.type;
  const decompressor = new Decompressor(options.maxDecompressedBytes);
  const packing = packingFor(options, decompressor);
  const codec =
    packing === undefined
      ? values
      : new CompressingCodec(values, packing, options.compressOverBytes, decompressor);
  return options.seal === undefined ? codec : new SealingCodec(codec, options.seal);
}

function createNamed(
  name: CodecName,
  options: ResolvedCodecOptions,
  bounds: Bounds,
  classes: ClassTypes,
): Codec {
  switch (name) {
    case 'default':
      return createDefaultCodec({
        types: classes,
        classInstances: options.classInstances,
        bounds,
      });
    case 'json':
      return createJsonCodec(bounds);
    case 'raw':
      return createRawCodec();
    case 'v8':
      return createV8Codec(bounds);
    case 'python':
      return createPythonCodec(bounds);
    case 'php':
      return createPhpCodec(bounds);
    case 'dalli':
      return createDalliCodec(bounds);
    case 'spymemcached':
      return createSpymemcachedCodec();
    case 'npm-memcached':
      return createNpmMemcachedCodec(bounds);
    case 'memjs':
      return createMemjsCodec();
  }
}

/** How values are compressed here; `undefined` where nobody compresses, and all flags are the inner codec's. */
function packingFor(options: ResolvedCodecOptions, decompressor: Decompressor): Packing | undefined {
  const { type, compression, compressOverBytes } = options;
  const compresses = compressOverBytes !== Number.POSITIVE_INFINITY;
  if (compresses) requireFormat(compression, 'codec.compression');
  const wrapped = new WrappedPacking(compression, decompressor);
  switch (type) {
    case 'default': {
      const python = new PythonPacking(decompressor);
      return compression === 'zlib' ? new EitherPacking(python, wrapped) : new EitherPacking(wrapped, python);
    }
    case 'json':
    case 'v8':
      return wrapped;
    case 'python':
      return new PythonPacking(decompressor);
    case 'php':
      return new PhpPacking(decompressor);
    case 'dalli':
      return new DalliPacking(decompressor);
    case 'spymemcached':
      return new SpymemcachedPacking(decompressor);
    case 'npm-memcached':
    case 'memjs':
      return undefined;
    default:
      // What comes back from 'raw' and from a user's codec is theirs, whatever the flags.
      return compresses ? wrapped : undefined;
  }
}
