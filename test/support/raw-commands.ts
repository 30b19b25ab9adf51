import { once } from 'node:events';
import { connect } from 'node:net';
import type { RealMemcached } from './real-memcached.js';

/**
 * Sends bytes to a server over a socket of their own and reads all that it answers.
 *
 * @param commands whole commands, without a `quit`.
 * @returns the answer as the server sent it.
 */
export async function sendRaw(server: RealMemcached, commands: string): Promise<string> {
  const socket = connect({ host: server.host, port: server.port });
  await once(socket, 'connect');
  socket.write(`${commands}quit\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** @returns the keys among these that the server holds, asked from it alone and by nobody's routing. */
export async function keysOn(server: RealMemcached, keys: readonly string[]): Promise<string[]> {
  // `mn` marks the end, and a key's own answer is one line: `HD` for a hit, `EN` for a miss.
  const answer = await sendRaw(server, `${keys.map((key) => `mg ${key}\r\n`).join('')}mn\r\n`);
  const lines = answer.split('\r\n');
  return keys.filter((_, index) => lines[index] === 'HD');
}
