/* What a remembered invalidation costs: bytes for each of so many keys, and the time to remember and to send one. Run with --expose-gc. */
import { OwedInvalidations } from '../../dist/cluster/owed-invalidations.js';
import { Request } from '../../dist/protocol/request.js';

const COUNT = Number(process.argv[2] ?? 1_000_000);

const used = () => {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};

const before = used();
const owed = new OwedInvalidations(COUNT);
const beganAt = performance.now();
for (let index = 0; index < COUNT; index += 1) {
  owed.add(new Request('delete', `shop:product:${index + 1e9}:details`, () => true));
}
const rememberedAt = performance.now();
const bytes = used() - before;
const sentAt = performance.now();
while (owed.unsent > 0) for (const request of owed.take(500, 'meta')) request.succeed(true);
const doneAt = performance.now();
console.log(
  `${COUNT} keys of 31 bytes: ${(bytes / COUNT).toFixed(0)} bytes each, ` +
    `${((1e3 * (rememberedAt - beganAt)) / COUNT).toFixed(2)} µs to remember one, ${((1e3 * (doneAt - sentAt)) / COUNT).toFixed(2)} µs to send one`,
);
