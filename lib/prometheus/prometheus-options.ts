import type { OpenMetricsContentType, Registry } from 'prom-client';
import { InvalidOptionsError } from '../errors.js';
import { readObject, timer, withDefault, type Reader, type Shape } from '../options/schema.js';
import type { Duration } from '../options/duration.js';

/** Options of `instrument`. */
export interface PrometheusOptions {
  /** The registry that gets the metrics; prom-client's `register` is the global one. */
  register: PrometheusRegistry;

  /**
   * Longest wait of a scrape for a server that does not answer, which is to be less than that of Prometheus; a `Duration` of
   * at least 1 ms.
   *
   * @default '1s'
   */
  timeout?: Duration | undefined;
}

/** A registry of prom-client, for either format. */
export type PrometheusRegistry = Registry | Registry<OpenMetricsContentType>;

/** The same with nothing left open. */
export interface ResolvedPrometheusOptions {
  readonly register: PrometheusRegistry;
  readonly timeout: number;
}

/** @throws {InvalidOptionsError} with the path of the wrong option. */
export function readPrometheusOptions(options: PrometheusOptions): ResolvedPrometheusOptions {
  return readObject<ResolvedPrometheusOptions>(
    options,
    'instrument',
    OPTIONS,
    '{ register: new Registry() }',
  );
}

const registry: Reader<PrometheusRegistry> = (value, path) => {
  if (typeof (value as PrometheusRegistry | undefined)?.registerMetric === 'function') {
    return value as PrometheusRegistry;
  }
  throw new InvalidOptionsError(path, "expected a registry of prom-client; its own is 'register'");
};

const OPTIONS: Shape<ResolvedPrometheusOptions> = {
  register: registry,
  timeout: withDefault(timer(1), 1000),
};
