/* What becomes of servers while 256 callers use them. */
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServers } from '../../memcached.mjs';
import { open } from '../subject.mjs';
import { storm } from './chaos.mjs';

/** What others say who listen where a memcached was. */
const OTHERS = {
  HTTP: () => 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 11\r\n\r\nBad Request',
  Redis: (asked) =>
    asked
      .split('\r\n')
      .slice(1)
      .map(() => "-ERR unknown command 'version'\r\n")
      .join(''),
  // An alert: this is no handshake.
  TLS: () => Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]),
};

/** How long a server is away, and how long it is there in between. */
const AWAY_MS = 400;
const THERE_MS = 700;

/** A memcached takes over nothing from one that has ended in the same second. */
const WARM_MS = 1500;

/** Some servers, of which something becomes again and again. */
async function outage(how, { args = [], trusted = false, count = 2, work }) {
  const { times } = how;
  const servers = await startServers(count, { args });
  try {
    return await storm(how, {
      options: { servers: servers.addresses },
      trusted,
      async disturb() {
        for (let time = 0; time < times; time += 1) {
          await sleep(THERE_MS);
          await work(servers, time % count);
        }
        await sleep(THERE_MS);
        return times;
      },
    });
  } finally {
    await servers.stop();
  }
}

export const killed = (how) =>
  outage(how, {
    async work(servers, index) {
      await servers.kill(index);
      await sleep(AWAY_MS);
      await servers.start(index);
    },
  });

export const restartedAtOnce = (how) =>
  outage(how, {
    async work(servers, index) {
      await servers.kill(index);
      await servers.start(index);
    },
  });

export const rollingRestarts = (how) =>
  outage(how, {
    count: 3,
    async work(servers, index) {
      await servers.kill(index);
      await servers.start(index);
    },
  });

export const paused = (how) =>
  outage(how, {
    trusted: true,
    async work(servers, index) {
      servers.pause(index);
      await sleep(AWAY_MS * 3);
      servers.resume(index);
    },
  });

/** What is stored, and the tokens of it, outlive the process; where they do not, it is one more restart. */
export async function restartedWarm(how) {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-memcached-warm-'));
  chmodSync(folder, 0o777);
  const args = ['-e', join(folder, 'memory%')];
  try {
    return await outage(how, {
      args,
      trusted: await keepsWhatItHad(args, how),
      async work(servers, index) {
        await servers.end(index);
        await sleep(WARM_MS);
        await servers.start(index);
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether such a server has its values after a restart; some builds find a reason to begin empty. */
async function keepsWhatItHad(args, { lib }) {
  const servers = await startServers(1, { args });
  const { service, raw } = open(lib, { servers: servers.addresses });
  try {
    await raw.set('kept', 1);
    await servers.end(0);
    await sleep(WARM_MS);
    await servers.start(0);
    return (await raw.get('kept')) === 1;
  } finally {
    await service.close();
    await servers.stop();
  }
}

export const takenOver = (how, other) =>
  outage(how, {
    async work(servers, index) {
      await servers.kill(index);
      const sockets = new Set();
      const stranger = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined).on('data', (asked) => socket.write(OTHERS[other](String(asked))));
      });
      const [host, port] = servers.addresses[index].split(':');
      stranger.listen(Number(port), host);
      await once(stranger, 'listening');
      await sleep(AWAY_MS * 2);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void stranger.close(resolve));
      await servers.start(index);
    },
  });

/** Names that are not found, that nobody answers for, and that move to another machine. */
export async function names(how) {
  const { times } = how;
  const servers = await startServers(1, { host: '0.0.0.0' });
  const port = servers.addresses[0].split(':')[1];
  try {
    return await storm(how, {
      options: { servers: [`cache.test:${port}`] },
      trusted: false,
      prepare: (caller) => caller.call('names', { 'cache.test': '127.0.0.1' }),
      async disturb(caller) {
        for (let time = 0; time < times; time += 1) {
          await sleep(THERE_MS);
          await caller.call('names', { 'cache.test': ['fails', 'hangs', '127.0.0.2'][time % 3] });
          await servers.kill(0);
          await servers.start(0);
          await sleep(AWAY_MS * 2);
          await caller.call('names', { 'cache.test': time % 2 === 0 ? '127.0.0.1' : '127.0.0.2' });
        }
        await sleep(THERE_MS * 2);
        return times;
      },
    });
  } finally {
    await servers.stop();
  }
}

/** A moderate rate for long, and a connection that breaks every so often. */
export async function endurance(how) {
  const { faults, enduranceSeconds, resetEveryMs = 15_000 } = how;
  const servers = await startServers(2);
  const proxies = await Promise.all(
    servers.addresses.map((address) => {
      const [host, port] = address.split(':');
      return faults.FaultProxy.start({ host, port: Number(port) });
    }),
  );
  try {
    return await storm(how, {
      options: { servers: proxies.map(({ address }) => address) },
      trusted: true,
      pauseMs: 100,
      everyMs: 1000,
      async disturb() {
        const until = performance.now() + enduranceSeconds * 1000;
        let resets = 0;
        while (performance.now() < until) {
          await sleep(Math.min(resetEveryMs, until - performance.now()));
          for (const proxy of proxies) proxy.resetAll();
          resets += 1;
        }
        await sleep(1000);
        return resets;
      },
    });
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await servers.stop();
  }
}
