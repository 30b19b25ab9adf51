/**
 * What each file of golden vectors was made with: the distribution option that must give the same answers.
 *
 * `prefix` stands before every key of the file, `integerKeys` says that the keys are hash values themselves,
 * and `each` takes from the file's clusters what differs between them.
 */
const OPTIONS = {
  'libmemcached-ketama-weighted': { type: 'ketama' },
  'libmemcached-ketama-weighted-key-crc': { type: 'ketama', hash: 'crc' },
  'libmemcached-ketama-weighted-key-default': { type: 'ketama', hash: 'default' },
  'libmemcached-ketama-weighted-key-fnv1a_32': { type: 'ketama', hash: 'fnv1a_32' },
  'libmemcached-ketama-weighted-key-murmur': { type: 'ketama', hash: 'murmur' },
  'libmemcached-ketama-weighted-prefix-hash': { type: 'ketama' },
  'libmemcached-ketama-weighted-prefix-nohash': { type: 'ketama', unhashedPrefix: 'ns1:' },
  'libmemcached-ketama-spy-weighted': { type: 'ketama', spyLabels: true },
  'libmemcached-consistent-default': { type: 'libmemcached-consistent' },
  'libmemcached-consistent-autoweighted': { type: 'libmemcached-consistent' },
  'libmemcached-consistent-afterservers': { type: 'libmemcached-consistent', weights: 'ignore' },
  'libmemcached-consistent-fnv1a_32': { type: 'libmemcached-consistent', hash: 'fnv1a_32' },
  'libmemcached-consistent-md5': { type: 'libmemcached-consistent', hash: 'md5' },
  'libmemcached-modula-default': { type: 'libmemcached-modula' },
  'libmemcached-modula-sorthosts': { type: 'libmemcached-modula', sortHosts: true },
  'python-memcached': { type: 'python-memcached' },
  'python-memcached-dead': { type: 'python-memcached' },
  'python-memcached-explicit-hash': { type: 'python-memcached', hash: BigInt },
  'python-memcached-oldhash-crc32': { type: 'python-memcached', hash: 'crc32a' },
  'pymemcache-rendezvous': { type: 'rendezvous' },
  'pymemcache-rendezvous-dead': { type: 'rendezvous' },
  'pymemcache-rendezvous-byteskeys': { type: 'rendezvous', bytesKeys: true },
  'spymemcached-ketama': { type: 'spymemcached-ketama' },
  'spymemcached-ketama-weighted': { type: 'spymemcached-ketama' },
  'spymemcached-ketama-libformat-weighted': { type: 'spymemcached-ketama', libmemcachedLabels: true },
  'spymemcached-mod-native': { type: 'spymemcached-modulo' },
  'spymemcached-mod-ketama': { type: 'spymemcached-modulo', hash: 'md5' },
  dalli: { type: 'dalli' },
  'dalli-dead': { type: 'dalli' },
  memjs: { type: 'memjs' },
  'memjs-dead': { type: 'memjs' },
  'npm-memcached': { type: 'npm-memcached' },
  'npm-memcached-removed': { type: 'npm-memcached' },
  'npm-memcached-hash_ring': { type: 'npm-memcached', compatibility: 'hash_ring' },
  'npm-memcache-ketama': { type: 'npm-memcache-ketama' },
  'npm-memcache-ketama-md5': { type: 'npm-memcache-ketama', hash: 'md5' },
  'npm-memcache-ketama-sha1': { type: 'npm-memcache-ketama', hash: 'sha1' },
  'npm-memcache-modula': { type: 'npm-memcache-modula' },
};

/** Files whose names end in the hash. */
const BY_HASH = {
  'libmemcached-modula-': 'libmemcached-modula',
  'spymemcached-mod-': 'spymemcached-modulo',
};

/**
 * Asks `lib` for every answer that a file of vectors holds.
 *
 * @param name of the file, without `.json`.
 * @param vectors what the file holds.
 * @param lib `{ createPlacement, keyHash }`.
 * @returns how many answers were compared, and a sentence for each that differs.
 */
export function compareVectors(name, vectors, lib) {
  const result = { checked: 0, mismatches: [] };
  if (vectors.hashes !== undefined) compareHashes(vectors.hashes, lib.keyHash, result);
  for (const cluster of vectors.clusters ?? [])
    compareCluster(name, vectors, cluster, lib.createPlacement, result);
  return result;
}

function compareHashes(hashes, keyHash, result) {
  for (const [hash, answers] of Object.entries(hashes)) {
    const hashOf = keyHash(hash);
    for (const [key, expected] of Object.entries(answers)) {
      expect(result, `${hash} of ${JSON.stringify(key)}`, hashOf(key) >>> 0, expected);
    }
  }
}

function compareCluster(name, vectors, cluster, createPlacement, result) {
  const placement = createPlacement(optionFor(name, cluster), cluster.servers);
  const prefix = vectors.options?.prefix ?? '';
  const where = (key) => `${cluster.name}: server of ${JSON.stringify(key)}`;
  const dead = new Set(cluster.dead);
  for (const [key, expected] of Object.entries(cluster.keys)) {
    const index =
      dead.size === 0
        ? placement.indexFor(prefix + key)
        : placement.indexWithout(prefix + key, (server) => dead.has(server));
    expect(result, where(key), index, expected ?? -1);
  }
  for (const [key, order] of Object.entries(cluster.sequence ?? {})) {
    compareSequence(placement, key, [cluster.keys[key], ...order], result);
  }
}

/** A fail-over order 2, 0, 1 says: 2 takes the key, without it 0, without both 1, without all three nobody. */
function compareSequence(placement, key, order, result) {
  const down = new Set();
  for (const expected of [...new Set(order), -1]) {
    const index = placement.indexWithout(key, (server) => down.has(server));
    expect(result, `server of ${JSON.stringify(key)} without ${[...down].join()}`, index, expected);
    down.add(expected);
  }
}

function optionFor(name, cluster) {
  if (name.startsWith('twemproxy-')) {
    return { type: `twemproxy-${cluster.distribution}`, hash: cluster.hash, hashTag: cluster.hash_tag };
  }
  if (Object.hasOwn(OPTIONS, name)) return OPTIONS[name];
  for (const [start, type] of Object.entries(BY_HASH)) {
    if (name.startsWith(start)) return { type, hash: name.slice(start.length) };
  }
  throw new Error(`no distribution is known for the vectors ${name}`);
}

function expect(result, what, actual, expected) {
  result.checked += 1;
  if (actual !== expected) result.mismatches.push(`${what}: got ${actual}, expected ${expected}`);
}
