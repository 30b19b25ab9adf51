/** What is measured: its name, its unit, how it is written, and whether more of it is better. */
export const FIGURES = {
  rate: { name: 'speed', unit: '/s', higherIsBetter: true, format: perSecond },
  cpuMicros: { name: 'CPU', unit: 'µs of CPU', format: (value) => value.toFixed(2) },
  nanos: { name: 'time', unit: 'ns', format: (value) => value.toFixed(0) },
  ms: { name: 'time', unit: 'ms', format: (value) => value.toFixed(1) },
  p50: { name: 'median', unit: 'ms, median', format: (value) => value.toFixed(3) },
  p99: { name: 'p99', unit: 'ms, p99', format: (value) => value.toFixed(3) },
  growthMib: { name: 'memory', unit: 'MiB more', format: (value) => value.toFixed(1) },
  garbageBytes: { name: 'garbage', unit: 'bytes of garbage', format: (value) => value.toFixed(0) },
  gcMsPerMillion: { name: 'GC', unit: 'ms of GC a million', format: (value) => value.toFixed(0) },
};

function perSecond(value) {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)} k`;
  return value >= 1e3 ? `${(value / 1e3).toFixed(1)} k` : value.toFixed(0);
}
