import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { clearTimeout, setTimeout } from 'node:timers';
import { seeded } from '../cache/support/seeded.js';
import { headerLength, ReplyFrames } from './reply-frames.js';

/** What networks, load balancers and dying servers do. */
export const HONEST_FAULTS = [
  /** The connection is closed at any byte of a reply. */
  'cut',
  /** It is reset there. */
  'reset',
  /** It is reset at any byte of a request. */
  'cut request',
  /** Everything comes late from now on, for a while. */
  'delay',
  /** A reply comes byte by byte. */
  'drip',
  /** Neither side hears the other any more, and neither is told. */
  'half-open',
  /** The server hears everything, and the client nothing any more. */
  'black hole',
] as const;

/** What only a peer does that is broken, or hostile. */
export const LYING_FAULTS = [
  'duplicate',
  'drop one',
  'swap two',
  /** The last reply of another connection stands in for one. */
  'foreign reply',
  /** Random bytes stand at any place. */
  'garbage',
  /** Bytes of a header are others: of its first word, its key, its opaque or its size, never of what it delivers. */
  'corrupt header',
  /** A reply's end is missing, and the next follows. */
  'truncate',
] as const;

export type ChaosFault = (typeof HONEST_FAULTS)[number] | (typeof LYING_FAULTS)[number];

/** What a chaos proxy does. */
export interface ChaosOptions {
  /** The same seed does the same to the same replies, in the same order of them. */
  readonly seed: number;
  /** Of so many replies, one suffers a fault on average. */
  readonly oneIn: number;
  readonly faults: readonly ChaosFault[];
  /** Longest delay, in milliseconds. */
  readonly delayMs: number;
}

/**
 * A TCP proxy before a memcached that does at random what can go wrong between two machines, reply by reply.
 *
 * It rests until `begin()`.
 */
export class ChaosProxy implements AsyncDisposable {
  /** How often each fault was done. */
  readonly done = new Map<ChaosFault, number>();
  /** How many connections there have been. */
  connections = 0;
  readonly #listener: Server;
  readonly #links = new Set<ChaosLink>();
  readonly #options: ChaosOptions;
  readonly #random: () => number;
  #untilFault = Infinity;
  /** The last reply of any connection, and whose it was. */
  #last: { readonly link: ChaosLink; readonly reply: Buffer } | undefined;

  private constructor(target: { readonly host: string; readonly port: number }, options: ChaosOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    this.#listener = createServer({ noDelay: true }, (client) => {
      this.connections += 1;
      const link = new ChaosLink(client, connect({ ...target, noDelay: true }), (reply) => {
        this.#onReply(link, reply);
      });
      this.#links.add(link);
      client.once('close', () => this.#links.delete(link));
    });
  }

  /** Listens on a free port of this machine. */
  static async start(
    target: { readonly host: string; readonly port: number },
    options: ChaosOptions,
  ): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(target, options);
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#links.size;
  }

  /** How many faults there were. */
  get count(): number {
    return [...this.done.values()].reduce((sum, times) => sum + times, 0);
  }

  /** Faults from now on. */
  begin(): void {
    this.#untilFault = this.#nextFault();
  }

  /** No faults from now on; connections that were made deaf or dumb are ended. */
  rest(): void {
    this.#untilFault = Infinity;
    for (const link of this.#links) link.heal();
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.reset();
    await new Promise((resolve) => {
      this.#listener.close(resolve);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onReply(link: ChaosLink, reply: Buffer): void {
    this.#untilFault -= 1;
    if (this.#untilFault > 0) {
      link.say(reply);
    } else {
      this.#untilFault = this.#nextFault();
      const { faults } = this.#options;
      const fault = faults[this.#below(faults.length)];
      this.done.set(fault, (this.done.get(fault) ?? 0) + 1);
      this.#do(fault, link, reply);
    }
    this.#last = { link, reply };
  }

  #do(fault: ChaosFault, link: ChaosLink, reply: Buffer): void {
    const at = this.#below(reply.length);
    switch (fault) {
      case 'cut':
        link.say(reply.subarray(0, at));
        link.end();
        break;
      case 'reset':
        link.say(reply.subarray(0, at));
        link.reset();
        break;
      case 'cut request':
        link.say(reply);
        link.cutRequestAt(this.#random());
        break;
      case 'delay':
        link.delay(1 + this.#below(this.#options.delayMs));
        link.say(reply);
        break;
      case 'drip':
        link.drip(reply.subarray(0, 60));
        link.say(reply.subarray(60));
        break;
      case 'half-open':
        link.deafen();
        link.silence();
        break;
      case 'black hole':
        link.silence();
        break;
      case 'duplicate':
        link.say(reply);
        link.say(reply);
        break;
      case 'drop one':
        break;
      case 'swap two':
        link.keepForNext(reply);
        break;
      case 'foreign reply':
        link.say(this.#last === undefined || this.#last.link === link ? reply : this.#last.reply);
        break;
      case 'garbage': {
        const noise = Buffer.from(Array.from({ length: 1 + this.#below(20) }, () => this.#below(256)));
        link.say(reply.subarray(0, at));
        link.say(noise);
        link.say(reply.subarray(at));
        break;
      }
      case 'corrupt header':
        link.say(this.#corrupted(reply));
        break;
      case 'truncate':
        link.say(reply.subarray(0, at));
        break;
    }
  }

  /**
   * Another byte in one of the words of the header by which a reply is told from others. The words that deliver
   * something (flags, a cas token, a ttl, a number) say nothing about themselves, so no client can tell them from right ones.
   */
  #corrupted(reply: Buffer): Buffer {
    const header = reply.subarray(0, Math.max(1, headerLength(reply))).toString('latin1');
    const telling = header.startsWith('VALUE ') ? [0, 1, 3] : header.startsWith('VA ') ? [0, 1] : [0];
    const places = [...header.matchAll(/\S+/g)].flatMap(({ 0: word, index }, position) => {
      // A counter's classic answer is a number and nothing else.
      const tells = position === 0 ? !/^\d/.test(word) : telling.includes(position) || /^[Ok]/.test(word);
      return tells ? Array.from(word, (_, place) => index + place) : [];
    });
    const copy = Buffer.from(reply);
    if (places.length === 0) return copy;
    const place = places[this.#below(places.length)];
    copy[place] ^= 1 + this.#below(255);
    return copy;
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #nextFault(): number {
    return 1 + this.#below(2 * this.#options.oneIn - 1);
  }
}

/** One client's way through the proxy; what it is told to say goes out in order, whatever it waits for. */
class ChaosLink {
  readonly #client: Socket;
  readonly #server: Socket;
  /** Bytes, or milliseconds to wait, or what to do then. */
  readonly #queue: (Buffer | number | (() => void))[] = [];
  #timer: NodeJS.Timeout | undefined;
  #kept: Buffer | undefined;
  #isDeaf = false;
  #isSilent = false;
  #cutAt: number | undefined;

  constructor(client: Socket, server: Socket, onReply: (reply: Buffer) => void) {
    this.#client = client;
    this.#server = server;
    const frames = new ReplyFrames();
    client.on('data', (bytes) => this.#pass(bytes));
    server.on('data', (bytes) => {
      client.cork();
      for (const reply of frames.push(bytes)) onReply(reply);
      client.uncork();
    });
    // Whoever goes takes the other along; errors are followed by a close.
    client.on('error', () => {}).once('close', () => this.#over(server));
    server
      .on('error', () => {})
      .once('close', () => {
        // A machine that is gone does not say so.
        if (!this.#isSilent) this.#over(client);
      });
  }

  say(bytes: Buffer): void {
    if (this.#isSilent) return;
    this.#put(bytes);
    if (this.#kept === undefined) return;
    const kept = this.#kept;
    this.#kept = undefined;
    this.#put(kept);
  }

  /** Says this behind what it is told to say next. */
  keepForNext(reply: Buffer): void {
    if (this.#kept === undefined) this.#kept = reply;
    else this.say(reply);
  }

  delay(delayMs: number): void {
    this.#put(delayMs);
  }

  drip(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += 1) {
      this.#put(bytes.subarray(at, at + 1));
      this.#put(1);
    }
  }

  deafen(): void {
    this.#isDeaf = true;
  }

  silence(): void {
    this.#isSilent = true;
  }

  cutRequestAt(fraction: number): void {
    this.#cutAt = fraction;
  }

  end(): void {
    this.#put(() => {
      this.#client.end(() => this.#client.destroy());
      this.#server.destroy();
    });
    this.#isSilent = true;
  }

  reset(): void {
    this.#put(() => {
      this.#client.resetAndDestroy();
      this.#server.destroy();
    });
    this.#isSilent = true;
  }

  heal(): void {
    if (this.#isDeaf || this.#isSilent) this.reset();
  }

  #pass(bytes: Buffer): void {
    if (this.#isDeaf) return;
    if (this.#cutAt === undefined) {
      this.#server.write(bytes);
      return;
    }
    // The server gets its part before it is told that nothing more will come.
    this.#server.end(bytes.subarray(0, Math.floor(bytes.length * this.#cutAt)));
    this.#client.resetAndDestroy();
    this.#isDeaf = true;
  }

  #put(what: Buffer | number | (() => void)): void {
    this.#queue.push(what);
    if (this.#timer === undefined) this.#work();
  }

  #work(): void {
    this.#timer = undefined;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (typeof next === 'number') {
        this.#timer = setTimeout(() => this.#work(), next);
        return;
      }
      if (typeof next === 'function') next();
      else if (next.length > 0 && this.#client.writable) this.#client.write(next);
    }
  }

  #over(other: Socket): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    other.destroy();
  }
}
