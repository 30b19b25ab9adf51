import { CodecError } from '../../../errors.js';

/** Shortest match; the instruction stores what goes beyond. */
const MIN_MATCH = 3;

/** A match length of this many in an instruction says that more follows. */
const LONG_MATCH = 6;

/** No byte stands for more than this: of a long match in level 2, each says that 255 are to be copied. */
const MAX_GROWTH = 264;

/** The distance up to which level 2 needs no second form. */
const LEVEL2_DISTANCE = 8191;

/**
 * Decompresses FastLZ, levels 1 and 2.
 *
 * @param data the stream; its first three bits hold the level.
 * @param length what it must come to, which also bounds what is written.
 * @throws {CodecError} if the stream is damaged, or comes to something else.
 * @see https://github.com/ariya/FastLZ, "Block Format"
 */
export function decompressFastlz(data: Buffer, length: number): Buffer {
  const level = (data[0] >> 5) + 1;
  if (data.length === 0 || level > 2) throw damaged();
  // The most that a byte of the stream can come to; what tells more is not given memory first.
  if (length > data.length * MAX_GROWTH) throw damaged();
  const out = Buffer.allocUnsafe(length);
  let from = 0;
  let to = 0;
  while (from < data.length) {
    // The first instruction shares its byte with the level, and is always a literal run.
    const instruction = from === 0 ? data[from] & 31 : data[from];
    from += 1;
    if (instruction < 32) {
      const run = instruction + 1;
      if (from + run > data.length || to + run > length) throw damaged();
      data.copy(out, to, from, from + run);
      from += run;
      to += run;
      continue;
    }
    let match = (instruction >> 5) - 1;
    let distance = (instruction & 31) << 8;
    if (match === LONG_MATCH) {
      for (let more = 255; more === 255;) {
        more = byteAt(data, from);
        from += 1;
        match += more;
        if (level === 1) break;
      }
    }
    const low = byteAt(data, from);
    from += 1;
    distance += low;
    if (level === 2 && distance === LEVEL2_DISTANCE) {
      distance += (byteAt(data, from) << 8) + byteAt(data, from + 1);
      from += 2;
    }
    const start = to - distance - 1;
    const end = to + match + MIN_MATCH;
    if (start < 0 || end > length) throw damaged();
    // Byte by byte: a match may run into what it is writing.
    for (let at = start; to < end; at += 1, to += 1) out[to] = out[at];
  }
  if (to !== length) throw damaged();
  return out;
}

function byteAt(data: Buffer, index: number): number {
  if (index >= data.length) throw damaged();
  return data[index];
}

function damaged(): CodecError {
  return new CodecError('the stored bytes are not a whole FastLZ stream');
}
