import { createHash } from 'node:crypto';
import type { Reply } from '../protocol/reply.js';
import { FLAGS_LEASE_STUB } from './codec/flags.js';

/** Characters of a witness: 72 bits. */
const LENGTH = 12;

/** Digits of a stub's token, whose nonce alone says which it is; 0 would say that its server has no tokens. */
const ANY_DIGITS = '1';

/** The life of such a token: a stub is the same on every connection, and none in another life of its server has its nonce. */
const ANY_LIFE = '@any-life----~';

/**
 * What is random about a lease's stub in the classic dialect: a proxy hides the restart of a server behind it, after which
 * another item may have the same cas token, but none has the same nonce.
 */
export function stubNonce(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array((LENGTH * 3) / 4))).toString('base64url');
}

/** Whether an item is the stub of a lease taken in the classic dialect: a nonce, under client flags that nothing else has. */
export function isClassicStub(reply: Reply): boolean {
  return reply.flags === FLAGS_LEASE_STUB && reply.valueLength <= LENGTH;
}

/** The token of a stub that has just been added. */
export function stubToken(nonce: string): string {
  return ANY_DIGITS + ANY_LIFE + nonce;
}

/**
 * The token of the item in a reply, `''` when the reply has none. Where restarts are hidden, it ends in a witness of the
 * item's bytes, so that a write can compare more than the digits.
 *
 * @param witnessed whether it needs one; not if it is for now and here.
 */
export function tokenOf(reply: Reply, witnessed = true): string {
  const { cas } = reply;
  if (cas === '') return '';
  const token = cas + reply.life;
  if (!reply.needsWitness || !witnessed) return token;
  if (isClassicStub(reply) && reply.valueLength === LENGTH) {
    return stubToken(reply.value.toString('latin1'));
  }
  const bytes = createHash('sha1').update(`${reply.flags} `).update(reply.value).digest('base64url');
  return token + bytes.slice(0, LENGTH);
}
