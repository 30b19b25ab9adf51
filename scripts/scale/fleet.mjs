import { startChild } from '../proof/child.mjs';

/** So many clients or servers have a process together: each has some thousands of sockets, and two processors run all. */
const PROCESSES = 4;

/** Servers and clients of one size, in few processes. */
export class ScaledFleet {
  /** @readonly */
  #serverProcesses;
  /** @readonly */
  #clientProcesses;
  /** Each port with its process. @readonly */
  #owners = new Map();
  /** What the processes of the clients take before and after these are open, in bytes. */
  memory = { before: 0, after: 0 };
  serverMemory = 0;

  constructor(serverProcesses, clientProcesses) {
    this.#serverProcesses = serverProcesses;
    this.#clientProcesses = clientProcesses;
  }

  /** @param {{ servers: number, clients: number }} size multiples of four. */
  static async start(dist, { servers, clients }) {
    const start = (module) =>
      Promise.all(
        Array.from({ length: PROCESSES }, () =>
          startChild(new URL(module, import.meta.url), dist, { execArgv: ['--expose-gc'] }),
        ),
      );
    const fleet = new ScaledFleet(await start('servers.mjs'), await start('clients.mjs'));
    for (const child of fleet.#serverProcesses) {
      for (const port of await child.call('start', { count: servers / PROCESSES }))
        fleet.#owners.set(port, child);
    }
    const bare = await fleet.#rssOfServers();
    const addresses = fleet.ports.map((port) => `127.0.0.1:${port}`);
    for (const child of fleet.#clientProcesses) {
      const { before, after } = await child.call('open', { servers: addresses, count: clients / PROCESSES });
      fleet.memory.before += before;
      fleet.memory.after += after;
    }
    fleet.serverMemory = (await fleet.#rssOfServers()) - bare;
    await fleet.accepted(fleet.ports, 0);
    await fleet.clients('attempts');
    return fleet;
  }

  get ports() {
    return [...this.#owners.keys()];
  }

  /** The same of every process of clients. */
  clients(operation, args) {
    return Promise.all(this.#clientProcesses.map((child) => child.call(operation, args)));
  }

  down(ports) {
    return this.#ofServers('down', ports);
  }

  /** @returns the moment of it, by the clock of each process. */
  up(ports) {
    return this.#ofServers('up', ports);
  }

  /** The times at which connections have come since the last call, in ms since `up` was done. */
  async accepted(ports, since) {
    const times = await this.#ofServers('accepted', ports, since);
    return [...times.values()].flat();
  }

  async stop() {
    await this.clients('close');
    await Promise.all([...this.#serverProcesses, ...this.#clientProcesses].map((child) => child.kill()));
  }

  async #ofServers(operation, ports, since) {
    const answers = new Map();
    await Promise.all(
      this.#serverProcesses.map(async (child) => {
        const own = ports.filter((port) => this.#owners.get(port) === child);
        const from = typeof since === 'number' ? since : since?.get(child);
        if (own.length > 0) answers.set(child, await child.call(operation, { ports: own, since: from }));
      }),
    );
    return answers;
  }

  async #rssOfServers() {
    const sizes = await Promise.all(this.#serverProcesses.map((child) => child.call('rss')));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}
