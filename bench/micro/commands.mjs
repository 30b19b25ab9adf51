/*
 * What the client itself takes of a command, without the kernel and a server: a socket in the process answers. Builds are compared in
 * one run, turn by turn, so that 2 % can be seen in a minute, where a run with real servers takes a quarter of an hour:
 *
 *   node bench/micro/commands.mjs get,set 9 dist ../before/dist
 *
 * prints the least nanoseconds of each build in so many rounds, and relative to the first.
 */
import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import net from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const TEXT = 'x'.repeat(100);
const KEYS = Array.from({ length: 512 }, (_, index) => `bench:product:${index}`);
const FEW = KEYS.slice(0, 16);
const IN_FLIGHT = 64;
const COMMANDS = {
  get: (client, key) => client.get(key),
  set: (client, key) => client.set(key, TEXT, { ttl: '5m' }),
  delete: (client, key) => client.delete(key),
  getOrSet: (_client, key, service) => service.getOrSet(key, refuse),
  /** A call reads sixteen keys. */
  getMany: (_client, _key, service) => service.getMany(FEW),
};

function refuse() {
  throw new Error('a loader was called');
}

/** As much of a socket as the client uses. Answers as memcached does, in one piece for each write. */
class AnsweringSocket extends EventEmitter {
  writableLength = 0;
  setNoDelay() {}
  setKeepAlive() {}
  write(text) {
    const answers = [];
    for (let at = 0; at < text.length;) {
      const end = text.indexOf('\r\n', at);
      const words = text.slice(at, end).split(' ');
      at = end + 2 + (words[0] === 'ms' ? Number(words[2]) + 2 : 0);
      answers.push(answerTo(words));
    }
    setImmediate(() => this.emit('data', Buffer.from(answers.join(''), 'latin1')));
  }
}

function answerTo(words) {
  const [command] = words;
  if (command === 'version') return 'VERSION 1.6.18\r\n';
  if (command === 'mn') return 'MN\r\n';
  if (command === 'stats') return 'END\r\n';
  const opaque = words.find((word, index) => index > 1 && word.startsWith('O'));
  if (command !== 'mg') return `HD ${opaque}\r\n`;
  const echoed = words
    .slice(2)
    .map((flag) => ({ f: ' f16', c: ' c1', t: ' t300', O: ` ${flag}` })[flag[0]] ?? '');
  return `VA ${TEXT.length}${echoed.join('')}\r\n${TEXT}\r\n`;
}

/** Nanoseconds of a command in the quickest of fifteen slices, after half a second to warm up: what disturbs a slice makes it longer. */
async function measure(dist, command) {
  net.connect = () => {
    const socket = new AnsweringSocket();
    setImmediate(() => socket.emit('connect'));
    return socket;
  };
  const { syncBuiltinESMExports } = await import('node:module');
  syncBuiltinESMExports();
  const { MemcachedClient, MemcachedService } = await import(pathToFileURL(join(resolve(dist), 'index.js')));
  const client = new MemcachedClient({ servers: 'answering:11211' });
  const service = new MemcachedService({ servers: 'answering:11211' });
  await service.connect();
  const run = COMMANDS[command];
  /** All of a turn together, and the next ones when all of them are answered: the same batches in every run. */
  const runFor = async (ms) => {
    let done = 0;
    const since = performance.now();
    while (performance.now() - since < ms) {
      for (let turn = 0; turn < 50; turn += 1) {
        await new Promise((answered, failed) => {
          let left = IN_FLIGHT;
          const next = () => {
            left -= 1;
            if (left === 0) answered();
          };
          for (let index = 0; index < IN_FLIGHT; index += 1) {
            run(client, KEYS[(done + index) % KEYS.length], service).then(next, failed);
          }
        });
        done += IN_FLIGHT;
      }
    }
    return ((performance.now() - since) * 1e6) / done;
  };
  await runFor(500);
  let best = Infinity;
  for (let slice = 0; slice < 15; slice += 1) best = Math.min(best, await runFor(60));
  console.log(best);
  process.exit(0);
}

const [commands = 'get,set', rounds = '5', ...dists] = process.argv.slice(2);
if (process.env.MEASURE === 'one') await measure(dists[0], commands);
if (dists.length === 0) dists.push('dist');
for (const command of commands.split(',')) {
  const found = dists.map(() => []);
  for (let round = 0; round < Number(rounds); round += 1) {
    for (const [index, dist] of dists.entries()) {
      const how = {
        env: { ...process.env, MEASURE: 'one' },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      };
      const args = [fileURLToPath(import.meta.url), command, '1', dist];
      found[index].push(Number(execFileSync(process.execPath, args, how)));
    }
  }
  const first = Math.min(...found[0]);
  for (const [index, dist] of dists.entries()) {
    const least = Math.min(...found[index]);
    console.log(`${command} ${dist}: ${least.toFixed(0)} ns, × ${(least / first).toFixed(3)} of the time`);
  }
}
