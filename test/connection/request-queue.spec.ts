import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { RequestQueue } from '../../lib/connection/request-queue.js';
import { Request } from '../../lib/protocol/request.js';

function numbered(number: number): Request {
  const request = new Request('get', String(number), () => undefined);
  request.deadline = number;
  return request;
}

describe('the request queue', () => {
  it('gives out in order what was put in, however it grows and wraps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -200, max: 200 }), { maxLength: 40 }), (moves) => {
        const queue = new RequestQueue();
        const model: Request[] = [];
        const given: unknown[] = [];
        const expected: unknown[] = [];
        let count = 0;
        for (const move of moves) {
          for (let step = 0; step < Math.abs(move); step += 1) {
            if (move > 0) {
              const request = numbered((count += 1));
              queue.push(request);
              model.push(request);
            } else {
              given.push(queue.first, queue.shift());
              expected.push(model[0], model.shift());
            }
          }
          given.push(queue.length);
          expected.push(model.length);
        }
        expect(given.every((each, index) => each === expected[index])).toBe(true);
        expect(queue.drain()).toStrictEqual(model);
        expect(queue).toHaveLength(0);
      }),
      { numRuns: 50 },
    );
  });

  it('has nothing to give when it is empty', () => {
    const queue = new RequestQueue();
    expect(queue.first).toBeUndefined();
    expect(queue.shift()).toBeUndefined();
    expect(queue.drain()).toStrictEqual([]);
    expect(queue.hasLive()).toBe(false);
    expect(queue.failDue(1, () => new Error('late'))).toBe(Infinity);
  });

  it('knows whether somebody still waits', () => {
    const queue = new RequestQueue();
    const [first, second] = [numbered(1), numbered(2)];
    queue.push(first);
    queue.push(second);
    first.succeed(1);
    expect(queue.hasLive()).toBe(true);
    second.fail(new Error('gone'));
    expect(queue.hasLive()).toBe(false);
  });

  it('fails what is due and keeps it as a tombstone', () => {
    const queue = new RequestQueue();
    const failed: string[] = [];
    for (const number of [5, 1, 9, 3, 7]) {
      const request = numbered(number);
      request.reject = () => failed.push(request.key);
      queue.push(request);
    }
    expect(queue.failDue(3, (request) => new Error(request.key))).toBe(5);
    expect(failed).toStrictEqual(['1', '3']);
    expect(queue).toHaveLength(5);
    expect(queue.failDue(100, (request) => new Error(request.key))).toBe(Infinity);
    expect(failed).toStrictEqual(['1', '3', '5', '9', '7']);
  });
});
