export { instrument, type Observed } from './instrument.js';
export type { PrometheusOptions, PrometheusRegistry } from './prometheus-options.js';
