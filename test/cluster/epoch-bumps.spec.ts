import { afterEach, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { EpochBumps, MARK_ANSWER_MS } from '../../lib/cluster/epoch-bumps.js';
import { EpochNames } from '../../lib/cluster/epoch-names.js';
import type { Request } from '../../lib/protocol/request.js';
import { performance } from '../../lib/timers.js';

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
  await wait(MARK_ANSWER_MS + 10);
  await bumps.bump('k');
  expect(sent).toEqual(['get', 'delete']);
});
