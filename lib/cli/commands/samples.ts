import { ratesBetween, type ServerRates } from '../../client/server-rates.js';
import type { GeneralStats } from '../../client/stats.js';
import { LONGEST_TIMED_MS, toMilliseconds, type Duration, writtenDuration } from '../../options/duration.js';
import { pause, performance } from '../../timers.js';
import { type Invocation, type Flags, UsageError, textOf, wholeNumber } from '../command.js';
import { type Answer, answers } from './answers.js';

/** What commands take that look again and again. */
export const SAMPLE_FLAGS: Flags = {
  interval: {
    type: 'string',
    short: 'i',
    value: 'TIME',
    text: 'between two looks, such as 500ms or 5s',
    without: '1s',
  },
  count: { type: 'string', short: 'n', value: 'NUMBER', text: 'end after so many', without: 'until Ctrl-C' },
};

/**
 * Looks at all servers at every interval, for ever.
 *
 * @param ended ends it: between two looks, or in the midst of one.
 */
export async function* samples(call: Invocation, ended: AbortSignal): AsyncGenerator<Sample> {
  const intervalMs = toMilliseconds((textOf(call.flags, 'interval') ?? '1s') as Duration, '--interval');
  if (intervalMs < 50) throw new UsageError('--interval: expected at least 50ms');
  if (intervalMs > LONGEST_TIMED_MS)
    throw new UsageError(`--interval: expected at most ${writtenDuration(LONGEST_TIMED_MS)}`);
  const before = new Map<string, { stats: GeneralStats; at: number }>();
  let next = performance.now();
  try {
    for (;;) {
      const all = await answers(call.client, (client) => client.stats('general', { signal: ended }));
      const at = performance.now();
      for (const server of before.keys())
        if (!all.some((answer) => answer.server === server)) before.delete(server);
      yield {
        servers: all.map((answer) => {
          if ('error' in answer) return answer;
          const last = before.get(answer.server);
          before.set(answer.server, { stats: answer.value, at });
          return { ...answer, rates: last && ratesBetween(last.stats, answer.value, at - last.at) };
        }),
      };
      const now = performance.now();
      next = Math.max(next + intervalMs, now);
      await pause(next - now, undefined, { signal: ended });
    }
  } catch (error) {
    if (!ended.aborted) throw error;
  }
}

/** One look at all servers. */
export interface Sample {
  readonly servers: readonly (Answer<GeneralStats> & {
    /** What it has done since the last look; absent at the first, and after a restart. */
    readonly rates?: ServerRates;
  })[];
}

/** How many looks are wanted. */
export function sampleCount(call: Invocation): number {
  return wholeNumber(call.flags, 'count', 1, Number.MAX_SAFE_INTEGER);
}
