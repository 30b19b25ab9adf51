import type { Metric as RegisteredMetric } from 'prom-client';
import type { MemcachedClient } from '../client/client.js';
import type { MemcachedService } from '../nest/memcached.service.js';
import { Subscriptions } from '../subscriptions.js';
import { cacheMetrics } from './cache-metrics.js';
import { clientMetrics } from './client-metrics.js';
import { readPrometheusOptions, type PrometheusOptions } from './prometheus-options.js';
import { serverMetrics } from './server-metrics.js';

/**
 * Gives a registry of prom-client the metrics of servers, clients and caches. Servers are asked for their statistics at each
 * scrape; what the others do is counted as they do it.
 *
 * @param observed one or several; each `instance` is told apart by the label `cache`, and those that share one are counted together.
 * @returns how to stop: the registry is without the metrics then.
 * @throws {InvalidOptionsError} with the path of the wrong option.
 * @throws {Error} of the registry, where it has a metric of one of the names: one call serves several instances.
 * @example
 * const register = new Registry();
 * instrument(memcached, { register });
 */
export function instrument(observed: Observed | readonly Observed[], options: PrometheusOptions): () => void {
  const { register, timeout } = readPrometheusOptions(options);
  // Nobody is counted twice, and no client beside its service.
  const all = [...new Set([observed].flat() as readonly Observed[])];
  const services = all.filter(isService);
  const clients = [...new Set(all.map((each) => (isService(each) ? each.client : each)))];
  const subscriptions = new Subscriptions();
  const metrics = [
    ...serverMetrics(clients, timeout),
    ...clientMetrics(clients, subscriptions),
    ...cacheMetrics(services, subscriptions),
  ];
  // What they are registered under: a registry changes the names that they bear.
  const names = metrics.map(({ name }) => name);
  const taken = names.find((name) => register.getSingleMetric(name) !== undefined);
  if (taken !== undefined) {
    subscriptions.end();
    throw new Error(
      `the registry has a metric ${taken} already; pass all instances in one call: instrument([one, other], …)`,
    );
  }
  const stop = (): void => {
    subscriptions.end();
    for (const name of names) register.removeSingleMetric(name);
  };
  try {
    for (const metric of metrics) register.registerMetric(metric as unknown as RegisteredMetric);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

/** What is observed: a service, with its cache, or a client. */
export type Observed = MemcachedService | MemcachedClient;

function isService(observed: Observed): observed is MemcachedService {
  return 'client' in observed;
}
