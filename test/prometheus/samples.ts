import type { PrometheusRegistry } from '../../lib/prometheus/index.js';

/** Labels in their order, then the value, as in the text that Prometheus scrapes: `{a="b"} 1`. */
export type Samples = ReadonlyMap<string, number>;

/** The samples of one metric, by their labels. */
export async function samplesOf(register: PrometheusRegistry, name: string): Promise<Samples> {
  const lines = (await register.metrics()).split('\n');
  return new Map(
    lines
      .filter((line) => line.startsWith(`${name}{`))
      .map((line) => {
        const end = line.lastIndexOf(' ');
        return [
          line.slice(name.length, end),
          Number(line.slice(end + 1).replace('Inf', 'Infinity')),
        ] as const;
      }),
  );
}

/** The names of all metrics, as their types are declared. */
export async function namesOf(register: PrometheusRegistry): Promise<Map<string, string>> {
  const declared = (await register.metrics()).matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return new Map(Array.from(declared, ([, name, type]) => [name, type] as const));
}
