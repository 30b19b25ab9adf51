import { describe, expect, it } from '@jest/globals';
import { LabelPoints } from '../../../lib/cluster/distribution/label-points.js';

function points(): { of(label: string, count: number): number[]; hashed: string[] } {
  const hashed: string[] = [];
  const all = new LabelPoints('-', 2, (text, into, at) => {
    hashed.push(text);
    into[at] = text.length;
    into[at + 1] = Number(text.split('-')[1]);
  });
  return { of: (label, count) => [...all.of(label, count)], hashed };
}

describe('the points of a server', () => {
  it('are the words of the hashes of its label and each number', () => {
    expect(points().of('a', 3)).toStrictEqual([3, 0, 3, 1, 3, 2]);
  });

  it('are hashed once, however often a ring is made of them, and those that are more when they are wanted', () => {
    const { of, hashed } = points();
    of('a', 2);
    of('b', 1);
    of('a', 1);
    expect(of('a', 3)).toStrictEqual([3, 0, 3, 1, 3, 2]);
    expect(hashed).toStrictEqual(['a-0', 'a-1', 'b-0', 'a-2']);
  });
});
