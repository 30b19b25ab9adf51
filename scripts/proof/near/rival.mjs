/* What a process of the same storms does with BentoCache in the place of ours. */
import { openBentoFleet } from '../../../bench/clients/near-rivals.mjs';
import { operations as ours } from './process.mjs';

export function operations(lib, dist) {
  return ours(lib, dist, ({ port, lost }) => openBentoFleet(port, lost));
}
