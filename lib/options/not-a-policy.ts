import { InvalidOptionsError } from '../errors.js';

/** Whoever passes a ttl alone means it: shows how it is written. */
export function notAPolicy(given: unknown, path: string): InvalidOptionsError {
  const ttl =
    typeof given === 'number' ? (given < 1000 ? `'${given}s'` : String(given)) : `'${String(given)}'`;
  const mend = typeof given === 'number' || typeof given === 'string' ? `{ ttl: ${ttl} }` : "{ ttl: '5m' }";
  const got =
    typeof given === 'string'
      ? `'${given}'`
      : given === null
        ? 'null'
        : String(typeof given === 'number' ? given : typeof given);
  return new InvalidOptionsError(path, `expected an object such as ${mend}, got ${got}`);
}
