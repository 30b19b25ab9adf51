import { expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { MemcachedClient } from '../../lib/client/client.js';
import { LostLeases } from '../../lib/store/lost-leases.js';

it('repairs what fails a second time half a second after that, not after the first time', async () => {
  await using client = new MemcachedClient({ servers: '127.0.0.1:1' });
  const lost = new LostLeases(client);
  const repairedAt: number[] = [];
  const repair = async (): Promise<void> => void repairedAt.push(performance.now());
  lost.repairTwice('k', repair);
  await wait(50);
  lost.repairTwice('k', repair);
  const failedAt = performance.now();
  await lost.settled();
  expect(repairedAt).toHaveLength(3);
  expect(repairedAt[2] - failedAt).toBeGreaterThan(495);
  expect(lost.settled()).toBeUndefined();
});
