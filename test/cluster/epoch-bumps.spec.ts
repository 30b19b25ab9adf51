import { afterEach, expect, it, jest } from '@jest/globals';
import { EpochNames } from '../../lib/cluster/epoch-names.js';
import type { Request } from '../../lib/protocol/request.js';
import { performance } from '../../lib/timers.js';

const unixMs = jest.fn(Date.now);
jest.unstable_mockModule('../../lib/unix-time.js', () => ({ unixMs }));
const { EpochBumps, MARK_ANSWER_MS } = await import('../../lib/cluster/epoch-bumps.js');

afterEach(() => void jest.restoreAllMocks());

it('does not rely on an answer after its machine has slept', async () => {
  const sent: string[] = [];
  const server = {
    sendAlong: (request: Request): void => {
      sent.push(request.kind);
      request.resolve(false);
    },
  };
  const bumps = new EpochBumps(server, new EpochNames((name) => name), 1000);
  await bumps.bump('k');
  expect(bumps.bump('k')).toBeUndefined();
  expect(sent).toEqual(['get']);
  // The clock that never goes back stands still meanwhile.
  const stoodAt = performance.now();
  jest.spyOn(performance, 'now').mockReturnValue(stoodAt);
  unixMs.mockReturnValue(Date.now() + MARK_ANSWER_MS + 10);
  // It is looked at in each turn once.
  await new Promise(setImmediate);
  await bumps.bump('k');
  expect(sent).toEqual(['get', 'delete']);
});
