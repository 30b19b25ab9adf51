import { type KeyBytes, ofUtf8 } from '../key-bytes.js';
import type { KeyHash } from './hash.js';

/** The table of the reflected polynomial 0xEDB88320, as in zlib. */
const CRC32_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The table of CCITT's polynomial 0x1021. */
const CRC16_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x8000 ? (value << 1) ^ 0x1021 : value << 1;
  return value & 0xffff;
});

/** zlib's CRC-32; twemproxy's `crc32a`. */
export function crc32(): KeyHash {
  const ofAnyKey = ofUtf8(crc32OfBytes);
  return (key) => {
    // Nearly all keys are ASCII, and without a detour through a buffer this takes half the time.
    let crc = -1;
    for (let i = 0; i < key.length; i += 1) {
      const unit = key.charCodeAt(i);
      if (unit > 0x7f) return ofAnyKey(key);
      crc = (crc >>> 8) ^ CRC32_TABLE[(crc ^ unit) & 0xff];
    }
    return ~crc;
  };
}

/** The 15 bits of CRC-32 that libmemcached's `crc`, twemproxy's `crc32` and python-memcached use. */
export function crc15(): KeyHash {
  const whole = crc32();
  return (key) => (whole(key) >>> 16) & 0x7fff;
}

function crc32OfBytes({ bytes, length }: KeyBytes): number {
  let crc = -1;
  for (let i = 0; i < length; i += 1) crc = (crc >>> 8) ^ CRC32_TABLE[(crc ^ bytes[i]) & 0xff];
  return ~crc;
}

/** twemproxy's `crc16`. Its accumulator is never cut to 16 bits, so the result has 32. */
export function crc16({ bytes, length }: KeyBytes): number {
  let crc = 0;
  for (let i = 0; i < length; i += 1) crc = (crc << 8) ^ CRC16_TABLE[((crc >>> 8) ^ bytes[i]) & 0xff];
  return crc;
}
