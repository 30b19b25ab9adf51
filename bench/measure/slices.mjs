/**
 * Times synchronous work in slices, so that what else the machine does falls on some of them only.
 *
 * @param {{ warmupMs: number, measureMs: number }} budget
 * @param {number} count how many different arguments there are, 0 to `count - 1`.
 * @param {(index: number) => unknown} work
 * @returns {number} nanoseconds per call: the median of the slices.
 */
export function timeSlices({ warmupMs, measureMs }, count, work) {
  const callsPerSlice = Math.ceil(1000 / count) * count;
  const slice = () => {
    const startedAt = performance.now();
    for (let call = 0; call < callsPerSlice; call += count)
      for (let index = 0; index < count; index += 1) work(index);
    return ((performance.now() - startedAt) * 1e6) / callsPerSlice;
  };
  const warmUntil = performance.now() + warmupMs;
  while (performance.now() < warmUntil) slice();
  const slices = [];
  const until = performance.now() + measureMs;
  while (performance.now() < until || slices.length === 0) slices.push(slice());
  return slices.toSorted((a, b) => a - b)[slices.length >> 1];
}
