import { describe, expect, it } from '@jest/globals';
import { performance } from 'node:perf_hooks';
import { BatchClock } from '../../lib/client/batch-clock.js';

/** Takes time, as the code of a caller does. */
function work(): void {
  const begun = performance.now();
  while (performance.now() === begun);
}

describe('the clock of what ends together', () => {
  it('stands while the answers of one read are handed out, whatever is done with them, and not until the next', async () => {
    const clock = new BatchClock();
    const read = async (): Promise<number[]> => {
      const answers = [1, 2, 3].map(() =>
        Promise.resolve().then(() => {
          const now = clock.now();
          work();
          return now;
        }),
      );
      return Promise.all(answers);
    };
    const before = performance.now();
    const [first, ...others] = await read();
    expect(first).toBeGreaterThanOrEqual(before);
    expect(others).toEqual([first, first]);
    const [later] = await read();
    expect(later).toBeGreaterThan(first);
  });

  it('is past the beginning of what begins in such a continuation, and fails at once', async () => {
    const clock = new BatchClock();
    const durations = [1, 2].map(async () => {
      await Promise.resolve();
      clock.now();
      work();
      const begun = performance.now();
      return Promise.reject(new Error('closed')).catch(() => clock.now() - begun);
    });
    for (const duration of await Promise.all(durations)) expect(duration).toBeGreaterThanOrEqual(0);
  });
});
