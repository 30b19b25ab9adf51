import { afterAll, beforeAll, describe } from '@jest/globals';
import { MemcachedService } from '../../../lib/nest/memcached.service.js';
import type { MemcachedModuleOptions } from '../../../lib/options/module-options.js';
import { MemcachedServer } from '../../../lib/testing/memcached-server.js';
import { describeReal, startMemcached } from '../../support/real-memcached.js';

/** Where an adapter is tried: a service on servers of its own. */
export interface Place {
  /** Made anew for each suite. */
  readonly service: MemcachedService;
  readonly servers: readonly string[];
  /** Another service on the same servers, as another process has one; closed with the suite. */
  another(options?: MemcachedModuleOptions): MemcachedService;
}

type Start = () => Promise<{ address: string } & AsyncDisposable>;

/** Runs tests on two embedded servers and on two real ones, in the meta and in the classic dialect. */
export function inEveryPlace(name: string, tests: (place: Place) => void): void {
  const embedded: Start = () => MemcachedServer.start();
  const real: Start = () => startMemcached();
  describe(`${name}, on embedded servers`, () => within(embedded, 'meta', tests));
  describeReal(`${name}, on real servers, in the meta dialect`, () => within(real, 'meta', tests));
  describeReal(`${name}, on real servers, in the classic dialect`, () => within(real, 'classic', tests));
}

function within(start: Start, protocol: 'meta' | 'classic', tests: (place: Place) => void): void {
  let started: Awaited<ReturnType<Start>>[] = [];
  const services: MemcachedService[] = [];
  const place = {
    get service(): MemcachedService {
      return services[0];
    },
    get servers(): readonly string[] {
      return started.map(({ address }) => address);
    },
    another(options: MemcachedModuleOptions = {}): MemcachedService {
      const service = new MemcachedService({
        servers: place.servers,
        protocol,
        commandTimeout: '10s',
        ...options,
      });
      services.push(service);
      return service;
    },
  };
  beforeAll(async () => {
    started = await Promise.all([start(), start()]);
    place.another();
  });
  afterAll(async () => {
    await Promise.all(services.map((service) => service.close()));
    await Promise.all(started.map((server) => server[Symbol.asyncDispose]()));
  });
  tests(place);
}

/** Asks again until the answer is the one that is waited for; jest's limit ends it. */
export async function until(ask: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** An order for entries that come in none. */
export function byText(one: unknown, other: unknown): number {
  return String(one).localeCompare(String(other));
}
