import { openSocket, RawSocket, socketFor, valueReader } from './raw-socket.mjs';

const V = 86;
const E = 69;
const N = 78;
const BLANK = 32;
const LF = 10;
const ZERO = 48;

/** The values of one many-key read, on their way into a map; its replies come in the order of its keys. */
class Collector {
  #keys;
  #found = new Map();
  #resolve;

  constructor(keys, resolve) {
    this.#keys = keys;
    this.#resolve = resolve;
  }

  add(value) {
    this.#found.set(this.#keys[this.#found.size], value);
  }

  end() {
    this.#resolve(this.#found);
  }
}

/** Cuts `VALUE key 0 100\r\n…\r\n`, `END\r\n`, `STORED\r\n`. */
class Replies {
  #value;

  parse(socket, chunk) {
    let at = 0;
    while (at + 5 <= chunk.length) {
      const first = chunk[at];
      if (first === V) {
        // The key, then the flags, then the size.
        let position = at + 6;
        while (chunk[position] !== BLANK && position < chunk.length) position += 1;
        position += 1;
        while (chunk[position] !== BLANK && position < chunk.length) position += 1;
        position += 1;
        let size = 0;
        while (chunk[position] >= ZERO) {
          size = size * 10 + chunk[position] - ZERO;
          position += 1;
        }
        if (position + 2 > chunk.length) return at;
        const start = position + 2;
        const value = socket.value(chunk, start, start + size);
        if (value === undefined) return at;
        at = start + size + 2;
        this.take(socket, value);
      } else if (first === E && chunk[at + 1] === N) {
        at += 5;
        const entry = socket.waiting.shift();
        if (typeof entry === 'function') entry(this.#value);
        else entry.end();
        this.#value = undefined;
      } else {
        const end = chunk.indexOf(LF, at);
        if (end < 0) return at;
        socket.waiting.shift()(true);
        at = end + 1;
      }
    }
    return at;
  }

  take(socket, value) {
    const entry = socket.waiting.first();
    if (typeof entry === 'function') this.#value = value;
    else entry.add(value);
  }
}

/** A bare socket that speaks the classic dialect. */
class RawClassic {
  #sockets;

  constructor(sockets, values) {
    this.#sockets = sockets.map((socket) => new RawSocket(socket, new Replies(), valueReader(values)));
  }

  get(key) {
    return new Promise((resolve) => {
      socketFor(this.#sockets, key).send(`get ${key}\r\n`, resolve);
    });
  }

  getThen(key, callback) {
    socketFor(this.#sockets, key).send(`get ${key}\r\n`, callback);
  }

  set(key, value) {
    return new Promise((resolve) => {
      socketFor(this.#sockets, key).sendValue(`set ${key} 0 0 ${value.length}\r\n`, value, resolve);
    });
  }

  setThen(key, value, callback) {
    socketFor(this.#sockets, key).sendValue(`set ${key} 0 0 ${value.length}\r\n`, value, callback);
  }

  /** One `get k1 k2 …` for each server. */
  async getMany(keys) {
    if (this.#sockets.length === 1) return this.#getShare(this.#sockets[0], keys);
    const shares = new Map();
    for (const key of keys) {
      const socket = socketFor(this.#sockets, key);
      const share = shares.get(socket);
      if (share === undefined) shares.set(socket, [key]);
      else share.push(key);
    }
    const found = await Promise.all(Array.from(shares, ([socket, share]) => this.#getShare(socket, share)));
    const all = found[0];
    for (const part of found.slice(1)) for (const [key, value] of part) all.set(key, value);
    return all;
  }

  #getShare(socket, keys) {
    return new Promise((resolve) => {
      socket.send(`get ${keys.join(' ')}\r\n`, new Collector(keys, resolve));
    });
  }

  close() {
    for (const socket of this.#sockets) socket.close();
  }
}

export async function open({ servers, values, tls }) {
  return new RawClassic(await Promise.all(servers.map((server) => openSocket(server, tls))), values);
}
