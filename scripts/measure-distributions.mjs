/** How many servers of equal weight there are, before one leaves. */
const SERVERS = 10;

/** How many keys are looked up to see how even the shares are, and how many to see what moves. */
const SAMPLE = { spreadKeys: 100_000, movedKeys: 10_000 };

/**
 * What a distribution does with ten servers of equal weight.
 *
 * `fullest` and `emptiest` are the greatest and the least share of a server, as multiples of an equal one.
 * `out` is the share of all keys that move while a server is down and failover is `next`, `removed` of those that move
 * when it is taken from the list: the mean over each of the ten being the one. A tenth is the least possible.
 *
 * @param lib `{ createPlacement, names }`.
 * @param sample `{ spreadKeys, movedKeys }`, for a quicker and coarser measure.
 * @returns `{ name, fullest, emptiest, out, removed }` for each name.
 */
export function measureDistributions({ createPlacement, names }, sample = SAMPLE) {
  const servers = Array.from({ length: SERVERS }, (_, index) => ({
    host: `10.0.0.${index + 1}`,
    port: 11211,
    weight: 1,
  }));
  return names.map((name) => {
    const placement = createPlacement(name, servers);
    const placeAmong = (list) => createPlacement(name, list);
    return {
      name,
      ...spread(placement, servers, sample.spreadKeys),
      ...moved(placement, placeAmong, servers, sample.movedKeys),
    };
  });
}

function spread(placement, servers, count) {
  const counts = servers.map(() => 0);
  for (const key of keys(count)) counts[placement.indexFor(key)] += 1;
  const equal = count / servers.length;
  return { fullest: Math.max(...counts) / equal, emptiest: Math.min(...counts) / equal };
}

function moved(placement, placeAmong, servers, count) {
  let out = 0;
  let removed = 0;
  for (const [gone] of servers.entries()) {
    const rest = servers.filter((_, index) => index !== gone);
    const shrunk = placeAmong(rest);
    for (const key of keys(count)) {
      const before = placement.indexFor(key);
      if (placement.indexWithout(key, (index) => index === gone) !== before) out += 1;
      if (rest[shrunk.indexFor(key)] !== servers[before]) removed += 1;
    }
  }
  const all = count * servers.length;
  return { out: out / all, removed: removed / all };
}

function keys(count) {
  return Array.from({ length: count }, (_, index) => `user:${index * 7919}:profile`);
}
