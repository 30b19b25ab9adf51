import type { Request } from './request.js';

/** Opaques run from 0 to this and start again: a reply that is out of step by any other number is noticed. */
const OPAQUES = 4096;

/** `0\r\n` … `4095\r\n`, made once, since making a number's digits costs more than all the rest of a `mg` line. */
const ENDINGS: readonly string[] = Array.from({ length: OPAQUES }, (_, opaque) => `${opaque}\r\n`);

/**
 * Random bytes of a connection's prefix, written as 6 characters: that two are the same has a chance of 1 in 2^32. Each more of
 * them is written, sent, echoed and compared with every request.
 */
const PREFIX_BYTES = 4;

/**
 * The opaques of one connection: a prefix of its own and a number that counts on. By the number a reply is tied to its
 * request, by the prefix to its connection: one that a proxy hands to another connection is refused there.
 */
export class Opaques {
  readonly prefix: string;
  readonly #mark: string;
  readonly #getMark: string;
  /** What a read with a lease asked for last, and how its line goes on. */
  #leaseFlags = '';
  #leaseMark = '';
  #next: number;

  /** @param first the number to begin with. */
  constructor(prefix: string, first: number) {
    this.prefix = prefix;
    this.#mark = ` O${prefix}`;
    this.#getMark = ` v f O${prefix}`;
    this.#next = first;
  }

  /** Opaques that no other connection has. */
  static random(): Opaques {
    const prefix = Buffer.from(crypto.getRandomValues(new Uint8Array(PREFIX_BYTES))).toString('base64url');
    return new Opaques(prefix, Math.floor(Math.random() * OPAQUES));
  }

  /** Gives a request the next number. @returns how its meta line ends. */
  endingFor(request: Request): string {
    return this.#mark + this.#take(request);
  }

  /** The same behind what a plain `get` asks for: one string less to join. */
  getEndingFor(request: Request): string {
    return this.#getMark + this.#take(request);
  }

  /** The same behind what a read with a lease asks for, which is mostly what the last one did. */
  leaseEndingFor(request: Request, flags: string): string {
    if (flags !== this.#leaseFlags) {
      this.#leaseFlags = flags;
      this.#leaseMark = flags + this.#mark;
    }
    return this.#leaseMark + this.#take(request);
  }

  #take(request: Request): string {
    const opaque = this.#next;
    this.#next = (opaque + 1) % OPAQUES;
    request.opaque = opaque;
    return ENDINGS[opaque];
  }
}
