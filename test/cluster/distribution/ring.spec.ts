import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { RingBuilder } from '../../../lib/cluster/distribution/ring.js';
import { InvalidOptionsError } from '../../../lib/errors.js';

const place = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  // Crowded places, so that points meet and slices fill.
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 2 ** 32 - 40, max: 2 ** 32 - 1 }),
);

interface Point {
  at: number;
  owner: number;
}

const points = fc.array(fc.record({ at: place, owner: fc.nat({ max: 9 }) }), {
  minLength: 1,
  maxLength: 200,
});

function builderOf(all: readonly Point[]): RingBuilder {
  const builder = new RingBuilder();
  for (const { at, owner } of all) builder.add(at, owner);
  return builder;
}

/** The point that stands at a place: the first that came there. */
function firsts(all: readonly Point[]): Point[] {
  return all
    .filter(({ at }, index) => all.findIndex((point) => point.at === at) === index)
    .sort((a, b) => a.at - b.at);
}

describe('Ring', () => {
  it('finds the first point at or after a place, around the circle', () => {
    fc.assert(
      fc.property(points, place, (all, position) => {
        const sorted = firsts(all);
        const expected = sorted.find(({ at }) => at >= position) ?? sorted[0];
        expect(builderOf(all).build().ownerAtOrAfter(position)).toBe(expected.owner);
      }),
    );
  });

  it('finds the last point at or before a place, around the circle', () => {
    fc.assert(
      fc.property(points, place, (all, position) => {
        const sorted = firsts(all);
        const expected = sorted.findLast(({ at }) => at <= position) ?? sorted.at(-1);
        expect(builderOf(all).build().ownerAtOrBefore(position)).toBe(expected?.owner);
      }),
    );
  });

  it('takes signed and unsigned numbers for the same place', () => {
    const ring = builderOf([
      { at: -1, owner: 1 },
      { at: 5, owner: 2 },
    ]).build();
    expect(ring.ownerAtOrAfter(6)).toBe(1);
    expect(ring.ownerAtOrAfter(-1)).toBe(1);
    expect(ring.ownerAtOrAfter(2 ** 32 - 1)).toBe(1);
    expect(ring.ownerAtOrBefore(-1)).toBe(1);
    expect(ring.ownerAtOrBefore(-2)).toBe(2);
  });

  it('gives a place to the first or the last who came there', () => {
    const builder = builderOf([
      { at: 7, owner: 1 },
      { at: 7, owner: 2 },
      { at: 7, owner: 3 },
    ]);
    expect(builder.build('first').ownerAtOrAfter(7)).toBe(1);
    expect(builder.build('last').ownerAtOrAfter(7)).toBe(3);
  });

  it('has nobody when it is empty', () => {
    const ring = new RingBuilder().build();
    expect(ring.ownerAtOrAfter(1)).toBe(-1);
    expect(ring.ownerAtOrBefore(1)).toBe(-1);
  });

  it('refuses to grow beyond what it can rank', () => {
    const builder = new RingBuilder();
    for (let i = 0; i < 2 ** 21; i += 1) builder.add(i, 0);
    expect(() => builder.add(0, 0)).toThrow(InvalidOptionsError);
    expect(builder.build().ownerAtOrAfter(2 ** 20)).toBe(0);
  });
});
