import { AbortWatch } from '../abort-watch.js';
import type { Clock } from './clock.js';

/**
 * Resolves after `delayMs`, or as soon as the signal is aborted.
 *
 * @param aborts who listens to the signal, where other work bears it too.
 */
export async function pause(
  clock: Clock,
  delayMs: number,
  signal?: AbortSignal,
  aborts = new AbortWatch(),
): Promise<void> {
  if (delayMs <= 0 || signal?.aborted) return;
  let callOff = (): void => undefined;
  const over = new Promise<void>((resolve) => (callOff = clock.after(delayMs, resolve)));
  if (signal === undefined) await over;
  else await aborts.until(signal, () => over, callOff).catch(() => undefined);
}
