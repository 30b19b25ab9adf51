import type { CodecName, ResolvedCodecOptions } from '../../options/codec-options.js';
import { ClassTypes } from './class-types.js';
import type { Codec } from './codec.js';
import {
  CompressingCodec,
  EitherPacking,
  PythonPacking,
  WrappedPacking,
  type Packing,
} from './compressing-codec.js';
import { requireFormat } from './compression.js';
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
 * @throws {InvalidOptionsError} for a compression that this Node does not have.
 */
export function createCodec(options: ResolvedCodecOptions): Codec {
  const values = typeof options.type === 'string' ? createNamed(options.type, options) : options.type;
  const packing = packingFor(options);
  const codec =
    packing === undefined ? values : new CompressingCodec(values, packing, options.compressOverBytes);
  return options.seal === undefined ? codec : new SealingCodec(codec, options.seal);
}

function createNamed(name: CodecName, options: ResolvedCodecOptions): Codec {
  switch (name) {
    case 'default':
      return createDefaultCodec({
        types: new ClassTypes(options.types, options.classTransformer),
        classInstances: options.classInstances,
      });
    case 'json':
      return createJsonCodec();
    case 'raw':
      return createRawCodec();
    case 'v8':
      return createV8Codec();
    case 'python':
      return createPythonCodec();
    case 'php':
      return createPhpCodec();
    case 'dalli':
      return createDalliCodec();
    case 'spymemcached':
      return createSpymemcachedCodec();
    case 'npm-memcached':
      return createNpmMemcachedCodec();
    case 'memjs':
      return createMemjsCodec();
  }
}

/** How values are compressed here; `undefined` where nobody compresses, and all flags are the inner codec's. */
function packingFor(options: ResolvedCodecOptions): Packing | undefined {
  const { type, compression, compressOverBytes, maxDecompressedBytes } = options;
  const compresses = compressOverBytes !== Number.POSITIVE_INFINITY;
  if (compresses) requireFormat(compression, 'codec.compression');
  const wrapped = new WrappedPacking(compression, maxDecompressedBytes);
  switch (type) {
    case 'default': {
      const python = new PythonPacking(maxDecompressedBytes);
      return compression === 'zlib' ? new EitherPacking(python, wrapped) : new EitherPacking(wrapped, python);
    }
    case 'json':
    case 'v8':
      return wrapped;
    case 'python':
      return new PythonPacking(maxDecompressedBytes);
    case 'php':
      return new PhpPacking(maxDecompressedBytes);
    case 'dalli':
      return new DalliPacking(maxDecompressedBytes);
    case 'spymemcached':
      return new SpymemcachedPacking(maxDecompressedBytes);
    case 'npm-memcached':
    case 'memjs':
      return undefined;
    default:
      // What comes back from 'raw' and from a user's codec is theirs, whatever the flags.
      return compresses ? wrapped : undefined;
  }
}
