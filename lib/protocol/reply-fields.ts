import { ProtocolError } from '../errors.js';

const BLANK = 32;
const MINUS = 45;
const DIGIT_0 = 48;
const DIGIT_9 = 57;

/** Most digits of a number: cas tokens and counters have 64 bits. */
export const MAX_DIGITS = 20;

/** Client flags have 32 bits. */
const MAX_FLAGS = 2 ** 32 - 1;

/** What `toString('latin1', start, end)` comes to once it has read its arguments, which costs half as much as the rest. */
interface SlicingBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
}

/** Where the token that begins at `start` ends: at the next blank, or at `end`. */
export function tokenEnd(chunk: Buffer, start: number, end: number): number {
  let position = start;
  while (position < end && chunk[position] !== BLANK) position += 1;
  return position;
}

/** Nothing, as behind the letter of a flag that only stands or does not. */
export function bare(start: number, end: number): true {
  if (start < end) throw new ProtocolError('a reply has something where nothing must stand');
  return true;
}

/** A whole number from 0. */
export function natural(chunk: Buffer, start: number, end: number): number {
  if (start >= end) throw noNumber();
  let number = 0;
  for (let position = start; position < end; position += 1) {
    const byte = chunk[position];
    if (byte < DIGIT_0 || byte > DIGIT_9) throw noNumber();
    number = number * 10 + byte - DIGIT_0;
  }
  return number;
}

/** Client flags, a number of 32 bits. */
export function clientFlags(chunk: Buffer, start: number, end: number): number {
  const flags = natural(chunk, start, end);
  if (flags > MAX_FLAGS) throw noNumber();
  return flags;
}

/** Seconds to live; memcached says -1 for an item without end. */
export function ttl(chunk: Buffer, start: number, end: number): number {
  if (chunk[start] !== MINUS) return natural(chunk, start, end);
  if (natural(chunk, start + 1, end) !== 1) throw noNumber();
  return -1;
}

/** A number of 64 bits, which JavaScript's numbers cannot hold, as the text it is. */
export function digits(chunk: Buffer, start: number, end: number): string {
  if (end - start > MAX_DIGITS) throw noNumber();
  natural(chunk, start, end);
  return latin1(chunk, start, end);
}

/** The text in `[start, end)`, one character per byte. */
export function latin1(chunk: Buffer, start: number, end: number): string {
  return (chunk as SlicingBuffer).latin1Slice(start, end);
}

function noNumber(): ProtocolError {
  return new ProtocolError('a reply has something else where a number must stand');
}
