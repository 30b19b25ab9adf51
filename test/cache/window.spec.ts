import { expect, it } from '@jest/globals';
import { forEach } from '../../lib/cache/window.js';

it('many items are worked on so many at a time, each once, and answered in order', async () => {
  const items = Array.from({ length: 5000 }, (_, index) => index);
  let underWay = 0;
  let most = 0;
  const results = await forEach(items, async (item) => {
    most = Math.max(most, (underWay += 1));
    for (let turn = 0; turn <= item % 3; turn += 1) await Promise.resolve();
    underWay -= 1;
    return item * 2;
  });
  expect(results).toStrictEqual(items.map((item) => item * 2));
  expect(most).toBe(1024);
});

it('what one of many items fails with is thrown', async () => {
  const items = Array.from({ length: 2000 }, (_, index) => index);
  const work = (item: number): Promise<number> =>
    item === 1500 ? Promise.reject(new Error('the 1500th')) : Promise.resolve(item);
  await expect(forEach(items, work)).rejects.toThrow('the 1500th');
});
