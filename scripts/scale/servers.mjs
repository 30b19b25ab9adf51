import { channel } from 'node:diagnostics_channel';
import { pathToFileURL } from 'node:url';

/** The connections that a server of this process has got since they were counted last, each by its time. */
const accepted = new Map();
/** By port. While a server is away the kernel refuses who comes, whom the clients count. */
const servers = new Map();

channel('net.server.socket').subscribe(({ socket }) => {
  const times = accepted.get(socket.localPort);
  times?.push(performance.now());
});

/** Memcached servers in a process of their own: how many, and who comes. */
export function operations(_lib, dist) {
  const testing = import(new URL('testing/index.js', pathToFileURL(`${dist}/`)).href);
  const start = async (port) => {
    const { MemcachedServer } = await testing;
    const server = await MemcachedServer.start({ port, maxConnections: 1_000_000 });
    servers.set(server.port, server);
    accepted.set(server.port, []);
    return server.port;
  };
  return {
    start: ({ count }) => Promise.all(Array.from({ length: count }, () => start(0))),
    /** The servers end, and what they held is lost. */
    down: ({ ports }) => Promise.all(ports.map((port) => servers.get(port).close())),
    /** They are there again, empty. @returns the moment, by this process. */
    async up({ ports }) {
      await Promise.all(ports.map(start));
      return performance.now();
    },
    /** Who has come since the last time, in milliseconds since `since`, of all these servers together. */
    accepted: ({ ports, since }) =>
      ports.flatMap((port) => accepted.get(port).splice(0)).map((time) => time - since),
    rss: () => process.memoryUsage().rss,
  };
}
