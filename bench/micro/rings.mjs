// What a change of the list of servers costs in one turn of the event loop: the milliseconds of processor time in which each
// distribution places 100, 300 and 1000 servers, the median of nine lists. Run it on a built checkout: node bench/micro/rings.mjs
import { createPlacement } from '../../dist/cluster/distribution/distribution.js';

const TYPES = [
  'ketama',
  'libmemcached-consistent',
  'twemproxy-ketama',
  'spymemcached-ketama',
  'dalli',
  'rendezvous',
];

/** @returns `count` servers that no other list has. */
function list(count, number) {
  return Array.from({ length: count }, (_, index) => {
    const host = `10.${number}.${index >> 8}.${index & 255}`;
    return { id: `${host}:11211`, host, port: 11211, weight: 1 };
  });
}

function milliseconds(type, servers) {
  const before = process.cpuUsage();
  createPlacement(type, servers);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

for (const type of TYPES) {
  const medians = [100, 300, 1000].map((count) => {
    const times = Array.from({ length: 9 }, (_, number) => milliseconds(type, list(count, number)));
    return `${count}: ${times.sort((a, b) => a - b)[4].toFixed(1)} ms`;
  });
  console.log(type.padEnd(24), medians.join('  '));
}
