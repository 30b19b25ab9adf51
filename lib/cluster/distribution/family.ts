import type { DistributionServer, OwnerOf } from '../../custom-distribution.js';
import type { CommonDistributionOptions } from '../../options/distribution-options.js';
import { InvalidOptionsError } from '../../errors.js';
import { type Reader, type Shape, integer, optional, readObject, text } from '../../options/schema.js';
import { partThatCounts } from './hashed-part.js';
import type { Placement } from './placement.js';

/** One client's way to place keys: how its options are read, and what they make of a list of servers. */
export interface Family {
  /** @throws {InvalidOptionsError} with the path of the wrong option. */
  configure(options: object, path: string): (servers: readonly DistributionServer[]) => Placement;
}

type Common = Required<CommonDistributionOptions>;

/**
 * @param shape readers of the distribution's own options.
 * @param place gets servers whose weights are whole numbers of 0 or more; there may be none at all.
 */
export function family<Options extends object>(
  shape: Shape<Options>,
  place: (servers: readonly DistributionServer[], options: Readonly<Options>) => Placement,
): Family {
  const common: Shape<{ [K in keyof Common]: Common[K] | undefined }> = {
    hashTag: optional(readHashTag),
    unhashedPrefix: optional(text()),
  };
  const whole = { type: text(), ...common, ...shape } as unknown as Shape<
    Options & CommonDistributionOptions
  >;
  return {
    configure: (options, path) => {
      const read = readObject(options, path, whole);
      const partOf = partThatCounts(read);
      return (servers) => {
        for (const [index, { weight }] of servers.entries()) integer(0)(weight, `servers[${index}].weight`);
        return ofPart(partOf, forOneServer(servers, place(servers, read)));
      };
    },
  };
}

const readHashTag: Reader<string> = (value, path) => {
  const tag = text()(value, path);
  if (tag.length === 2) return tag;
  throw new InvalidOptionsError(path, `expected two characters such as '{}', got '${tag}'`);
};

/** With a single server the answer to every key is the same, and needs no hash. */
function forOneServer(servers: readonly DistributionServer[], placement: Placement): Placement {
  if (servers.length !== 1) return placement;
  const only = placement.indexFor('');
  return { ...placement, indexFor: () => only };
}

function ofPart(partOf: ((key: string) => string) | undefined, placement: Placement): Placement {
  if (partOf === undefined) return placement;
  const lookup: OwnerOf = (key) => placement.indexFor(partOf(key));
  return {
    ...placement,
    indexFor: lookup,
    indexWithout: (key, isDown) => placement.indexWithout(partOf(key), isDown),
  };
}
