import { openSocket, RawSocket, socketFor, valueReader, valueWriter } from './raw-socket.mjs';

const V = 86;
const H = 72;
const ZERO = 48;

/** `VA 100\r\n…\r\n`, `HD\r\n`, `EN\r\n`. */
function parse(socket, chunk) {
  let at = 0;
  while (at + 4 <= chunk.length) {
    if (chunk[at] === V) {
      let position = at + 3;
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
      socket.waiting.shift()(value);
    } else {
      const found = chunk[at] === H;
      at += 4;
      socket.waiting.shift()(found ? true : undefined);
    }
  }
  return at;
}

function take(socket, value) {
  socket.waiting.shift()(value);
}

/** A bare socket that speaks the meta dialect, without flags, keys or numbers in the replies. */
export class RawMeta {
  #sockets;
  #stored;

  constructor(sockets, values) {
    this.#sockets = sockets.map((socket) => new RawSocket(socket, { parse, take }, valueReader(values)));
    this.#stored = valueWriter(values);
  }

  get(key) {
    return new Promise((resolve) => {
      socketFor(this.#sockets, key).send(`mg ${key} v\r\n`, resolve);
    });
  }

  getThen(key, callback) {
    socketFor(this.#sockets, key).send(`mg ${key} v\r\n`, callback);
  }

  set(key, value) {
    const stored = this.#stored(value);
    return new Promise((resolve) => {
      socketFor(this.#sockets, key).sendValue(`ms ${key} ${stored.length}\r\n`, stored, resolve);
    });
  }

  setThen(key, value, callback) {
    socketFor(this.#sockets, key).sendValue(`ms ${key} ${value.length}\r\n`, value, callback);
  }

  /** One `mg` line for each key. */
  getMany(keys) {
    return new Promise((resolve) => {
      const found = new Map();
      let missing = keys.length;
      for (const key of keys) {
        socketFor(this.#sockets, key).send(`mg ${key} v\r\n`, (value) => {
          found.set(key, value);
          missing -= 1;
          if (missing === 0) resolve(found);
        });
      }
    });
  }

  close() {
    for (const socket of this.#sockets) socket.close();
  }
}

export async function open({ servers, values, tls }) {
  return new RawMeta(await Promise.all(servers.map((server) => openSocket(server, tls))), values);
}
