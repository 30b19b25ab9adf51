import type { Codec } from './codec/codec.js';
import { NO_LEASE } from './readers.js';
import type { LeaseRead } from './results.js';

/** Stores the stub that stands for a lease: zero bytes, flags 0, exactly as meta's `N` makes it. */
export const STUB_CODEC: Codec = {
  encode: () => ({ data: Buffer.alloc(0), flags: 0 }),
  decode: () => undefined,
};

/** Tries to read what is there, and to become the one who fills it; then somebody else has, or has come and gone. */
const ATTEMPTS = 3;

/**
 * A read with a lease, from commands that know none: who adds the stub has the lease, and the stub's cas token ties the
 * later store to it, so that a delete in between voids it, as in the meta dialect.
 *
 * @param gets reads the item; a stub is a busy miss.
 * @param addStub adds the stub for the time of the lease.
 */
export async function classicLease(
  gets: () => Promise<unknown>,
  addStub: () => Promise<boolean>,
  leaseSeconds: number,
): Promise<LeaseRead<unknown>> {
  let read = (await gets()) as LeaseRead<unknown> | undefined;
  if (leaseSeconds === 0) return read ?? NO_LEASE;
  for (let attempt = 0; attempt < ATTEMPTS && read === undefined; attempt += 1) {
    const added = await addStub();
    read = (await gets()) as LeaseRead<unknown> | undefined;
    if (added && read?.busy === true) return { ...read, won: true, busy: false };
  }
  return read ?? { ...NO_LEASE, busy: true };
}
