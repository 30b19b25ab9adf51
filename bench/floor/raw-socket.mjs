import { once } from 'node:events';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { Ring } from './ring.mjs';

/** Data blocks over this size go into the write as they are; below, copying them into the text is cheaper. */
const INLINE_BYTES = 4096;

/** Values over this size are filled from the chunks as they come; below, half a reply is joined with the next chunk. */
const BODY_BYTES = 4096;

/**
 * What every floor stands on: one socket, one write per turn of the event loop, and the bytes of the replies.
 *
 * Nothing is checked, nothing times out, errors are not told: the least that a client can do.
 */
export class RawSocket {
  /** Whom to tell, in the order in which the replies come. */
  waiting = new Ring();
  #socket;
  #replies;
  #toValue;
  #text = '';
  #parts = [];
  #scheduled = false;
  #rest;
  #body;
  #filled = 0;

  /**
   * @param {import('node:net').Socket} socket
   * @param {object} replies
   * @param {(socket: RawSocket, chunk: Buffer) => number} replies.parse takes whole replies; returns where the rest begins.
   * @param {(socket: RawSocket, value: unknown) => void} replies.take takes a value that was filled from several chunks.
   * @param {(chunk: Buffer, start: number, end: number) => unknown} toValue
   */
  constructor(socket, replies, toValue) {
    this.#socket = socket;
    this.#replies = replies;
    this.#toValue = toValue;
    socket.on('data', (chunk) => this.#receive(chunk));
  }

  /** @param {string} line the request, one character per byte. */
  send(line, entry) {
    this.#text += line;
    this.waiting.push(entry);
    if (!this.#scheduled) this.#schedule();
  }

  /** A request with a data block, text of one character per byte or a Buffer. */
  sendValue(line, value, entry) {
    if (typeof value === 'string') {
      this.send(`${line}${value}\r\n`, entry);
    } else if (value.length <= INLINE_BYTES) {
      this.send(`${line}${value.latin1Slice()}\r\n`, entry);
    } else {
      this.#parts.push(this.#text + line, value);
      this.#text = '';
      this.send('\r\n', entry);
    }
  }

  /** The value at `[start, end)`; `undefined` if it is not there as a whole, and then it is filled from what follows. */
  value(chunk, start, end) {
    if (end + 2 <= chunk.length) return this.#toValue(chunk, start, end);
    if (end - start > BODY_BYTES) {
      this.#body = Buffer.allocUnsafeSlow(end - start + 2);
      this.#filled = chunk.copy(this.#body, 0, start);
    }
    return undefined;
  }

  close() {
    this.#socket.destroy();
  }

  #schedule() {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const text = this.#text;
      this.#text = '';
      if (this.#parts.length === 0) {
        this.#socket.write(text, 'latin1');
        return;
      }
      this.#socket.cork();
      for (const part of this.#parts) this.#socket.write(part, 'latin1');
      this.#socket.write(text, 'latin1');
      this.#socket.uncork();
      this.#parts = [];
    });
  }

  #receive(received) {
    let chunk = received;
    if (this.#body !== undefined) {
      const body = this.#body;
      const taken = chunk.copy(body, this.#filled);
      this.#filled += taken;
      if (this.#filled < body.length) return;
      this.#body = undefined;
      this.#replies.take(this, this.#toValue(body, 0, body.length - 2));
      if (taken === chunk.length) return;
      chunk = chunk.subarray(taken);
    }
    if (this.#rest !== undefined) {
      chunk = Buffer.concat([this.#rest, chunk]);
      this.#rest = undefined;
    }
    const end = this.#replies.parse(this, chunk);
    if (end < chunk.length && this.#body === undefined) this.#rest = chunk.subarray(end);
  }
}

/**
 * @param {string} address `host:port`
 * @param {import('node:tls').ConnectionOptions} [tlsOptions] speaks TLS.
 * @returns {Promise<net.Socket>}
 */
export async function openSocket(address, tlsOptions) {
  const [host, port] = address.split(':');
  const place = { host, port: Number(port) };
  const socket = tlsOptions === undefined ? net.connect(place) : tls.connect({ ...place, ...tlsOptions });
  await once(socket, tlsOptions === undefined ? 'connect' : 'secureConnect');
  socket.setNoDelay(true);
  return socket;
}

/** How a floor hands out values: text is made of the bytes; bytes are a view of them; objects are parsed. */
const READERS = {
  text: (chunk, start, end) => chunk.latin1Slice(start, end),
  bytes: (chunk, start, end) => chunk.subarray(start, end),
  json: (chunk, start, end) => JSON.parse(chunk.utf8Slice(start, end)),
};

export function valueReader(values) {
  return READERS[values];
}

/** What a floor stores of a value: ASCII, one character per byte, or a Buffer. */
export function valueWriter(values) {
  return values === 'json' ? JSON.stringify : (value) => value;
}

/** The socket of a key: a cheap distribution, that gives servers as unequal shares as a real one does. */
export function socketFor(sockets, key) {
  if (sockets.length === 1) return sockets[0];
  let mixed = Math.imul(Number(key.slice(-3)) + 1, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return sockets[((mixed ^ (mixed >>> 16)) >>> 0) % sockets.length];
}
