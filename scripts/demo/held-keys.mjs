import { connect } from 'node:net';

/**
 * Asks a memcached itself, past the library, which keys it holds.
 *
 * @param {string} address `host:port`.
 * @param {string[]} keys as they are on the wire, prefix included.
 * @returns {Promise<string[]>} those of them that it holds.
 */
export function heldKeys(address, keys) {
  const colon = address.lastIndexOf(':');
  const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
  return new Promise((resolve, reject) => {
    let replies = '';
    socket.setEncoding('latin1');
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${address} closed the connection`)));
    socket.on('data', (text) => {
      replies += text;
      // A meta get that asks for no value is answered by one line: `HD` for a hit, `EN` for a miss.
      const lines = replies.split('\r\n').slice(0, -1);
      if (lines.length < keys.length) return;
      resolve(keys.filter((_, index) => lines[index].startsWith('HD')));
      socket.destroy();
    });
    socket.write(keys.map((key) => `mg ${key}\r\n`).join(''));
  });
}
