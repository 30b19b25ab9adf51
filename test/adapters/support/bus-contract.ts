import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { NearCacheBus } from '../../../lib/near-cache-bus.js';
import { blackhole, delay, FaultProxy, stall } from '../../support/fault-proxy.js';
import { compileLib } from '../../cache/processes/compiled-lib.js';
import { BROKER_CLIENTS, type BrokerClient, type BrokerClientKind } from './bus-clients.js';
import { BusEar } from './bus-ear.js';
import { startProgram } from './child-program.js';
import { until } from './places.js';

/** The broker of a suite, which starts it before, and stops it after. */
export interface Broker {
  readonly port: number;
  stop(): Promise<void>;
  /** Starts it again in the same place; it has forgotten everything. */
  startAgain(): Promise<void>;
}

/** What is compiled for the processes of their own. */
const PROGRAMS = ['bus-outages.ts'].map((name) => `test/adapters/processes/${name}`);
const SUPPORT = ['bus-clients.ts', 'bus-ear.ts'].map((name) => `test/adapters/support/${name}`);

/** A broker takes seconds to start, and minutes on a busy machine. */
const START_LIMIT_MS = 240_000;

/** As long as a connection may be silent before anybody says so, many times over. */
const OUTAGE_LIMIT_MS = 60_000;

export function text(message: string): Uint8Array {
  return Buffer.from(message, 'latin1');
}

/** What every bus does, through a proxy that fails. */
export function itIsABus(name: 'Redis' | 'RabbitMQ', kind: string, server: Broker): void {
  const connect: BrokerClientKind = BROKER_CLIENTS[name][kind];
  let proxy: FaultProxy;
  let lib: ReturnType<typeof compileLib>;
  const clients: BrokerClient[] = [];
  const buses: NearCacheBus[] = [];

  beforeAll(() => {
    lib = compileLib([...PROGRAMS, ...SUPPORT]);
  });
  afterAll(() => lib.remove());
  beforeEach(async () => {
    proxy = await FaultProxy.start({ host: '127.0.0.1', port: server.port });
  });
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await proxy.close();
  });

  const clientAt = async (port: number): Promise<BrokerClient> => {
    const client = await connect(port);
    clients.push(client);
    return client;
  };
  const busOf = (client: BrokerClient): NearCacheBus => {
    const bus = client.bus();
    buses.push(bus);
    return bus;
  };
  /** A process with a bus that listens. */
  const process = async (port: number) => {
    const client = await clientAt(port);
    const bus = busOf(client);
    const ear = new BusEar();
    await bus.subscribe(ear);
    return { client, bus, ear };
  };

  it('brings every message to all, the sender as well, byte for byte and in order', async () => {
    const [one, other] = [await process(server.port), await process(server.port)];
    const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
    // A view into a larger buffer, as batches are.
    const large = Buffer.alloc(100_000, 'x').subarray(10, 65_546);
    await Promise.all([one.bus.publish(everyByte), one.bus.publish(large), one.bus.publish(text('end'))]);
    const sent = [Buffer.from(everyByte).toString('latin1'), large.toString('latin1'), 'end'];
    for (const { ear } of [one, other]) {
      await ear.hears('end');
      expect(ear.heard).toEqual(sent);
      expect(ear.states).toEqual([]);
    }
  });

  it('is of one listener, and of none once it is closed', async () => {
    const { bus, ear } = await process(server.port);
    await expect(bus.subscribe(new BusEar())).rejects.toThrow('has another near cache');
    await bus.publish(text('hello'));
    await ear.hears('hello');
    await bus.close();
    await expect(bus.subscribe(new BusEar())).rejects.toThrow('was closed');
  });

  it('waits for a broker that is not there yet', async () => {
    await proxy.down();
    const client = await clientAt(proxy.port);
    const bus = busOf(client);
    const ear = new BusEar();
    const subscribed = bus.subscribe(ear);
    await proxy.up();
    await subscribed;
    await bus.publish(text('hello'));
    await ear.hears('hello');
  });

  it(
    'tells when the transport is lost, and when it is back',
    async () => {
      const { bus, ear } = await process(proxy.port);
      for (let cut = 0; cut < 3; cut += 1) {
        proxy.resetAll();
        await ear.knows(false);
        await ear.knows(true);
      }
      expect(ear.states).toEqual([false, true, false, true, false, true]);
      await bus.publish(text('after'));
      await ear.hears('after');
    },
    OUTAGE_LIMIT_MS,
  );

  it(
    'tells it when the broker ends its connections in order',
    async () => {
      const { ear } = await process(proxy.port);
      proxy.cutAll();
      await ear.knows(false);
      await ear.knows(true);
    },
    OUTAGE_LIMIT_MS,
  );

  it(
    'notices a connection that is half open, and opens another',
    async () => {
      const { bus, ear } = await process(proxy.port);
      proxy.inject(blackhole);
      await ear.knows(false);
      proxy.heal();
      await ear.knows(true);
      await bus.publish(text('after'));
      await ear.hears('after');
    },
    OUTAGE_LIMIT_MS,
  );

  it(
    'takes a transport that is slow as it is',
    async () => {
      const { bus, ear } = await process(proxy.port);
      proxy.inject(delay(30));
      const messages = Array.from({ length: 50 }, (_, index) => `slow ${index}`);
      await Promise.all(messages.map((message) => bus.publish(text(message))));
      await ear.hears('slow 49');
      expect(ear.heard).toEqual(messages);
      expect(ear.states).toEqual([]);
    },
    OUTAGE_LIMIT_MS,
  );

  it(
    'outlives a broker that is started anew',
    async () => {
      const { bus, ear } = await process(proxy.port);
      await server.stop();
      await ear.knows(false);
      await server.startAgain();
      await ear.knows(true);
      await bus.publish(text('after'));
      await ear.hears('after');
    },
    START_LIMIT_MS,
  );

  it('leaves nothing open when it is closed, but the client, which goes on working', async () => {
    const client = await clientAt(proxy.port);
    await client.use();
    const before = proxy.open;
    const bus = busOf(client);
    const ear = new BusEar();
    await bus.subscribe(ear);
    await bus.publish(text('hello'));
    await ear.hears('hello');
    await bus.close();
    await until(() => proxy.open === before);
    await client.use();
    await expect(bus.publish(text('late'))).rejects.toMatchObject({ code: 'MEMCACHED_CLOSED' });
    await bus.close();
    expect(ear.states).toEqual([]);
  });

  it('brings what was said before it was closed', async () => {
    const [one, other] = [await process(server.port), await process(server.port)];
    const said = ['a', 'b', 'good-bye'].map((message) => one.bus.publish(text(message)).catch(() => {}));
    await one.bus.close();
    await Promise.all(said);
    await other.ear.hears('good-bye');
    expect(other.ear.heard).toEqual(['a', 'b', 'good-bye']);
  });

  it.each([
    ['while the broker is away', () => proxy.down()],
    ['while it is silent', async () => proxy.inject(stall)],
  ])(
    'is closed %s without waiting for it',
    async (_when, fail) => {
      const { bus, ear } = await process(proxy.port);
      await fail();
      const pending = bus.publish(text('lost')).catch(() => 'rejected');
      await bus.close();
      proxy.heal();
      await pending;
      expect(ear.heard).toEqual([]);
    },
    OUTAGE_LIMIT_MS,
  );

  it(
    'lets a process end by itself, after outages of all kinds that nobody had to catch',
    async () => {
      const program = await startProgram(
        `${lib.dir}/../test/adapters/processes/bus-outages.js`,
        name,
        kind,
        String(server.port),
      );
      expect(await program.go()).toEqual(['heard in the end', 'closed']);
    },
    START_LIMIT_MS,
  );
}
