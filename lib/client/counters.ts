import { CodecError, InvalidArgumentError } from '../errors.js';
import type { ClassicForm } from '../protocol/request.js';
import { inBytes, type Codec, type Encoded } from './codec/codec.js';
import type { CounterOptions, CountOptions } from './command-options.js';
import type { Dispatcher } from './dispatcher.js';
import type { CountRead } from './readers.js';
import type { RequestMaker } from './request-maker.js';
import type { Counted } from './results.js';

/** Where memcached's counters wrap around. */
const MAX_COUNTER = 2n ** 64n - 1n;

/** Counts up or down; a counter that is missing is created where a first value is given. */
export async function count(
  kind: 'incr' | 'decr',
  key: string,
  by: number | bigint,
  options: CounterOptions | undefined,
  requests: RequestMaker,
  dispatcher: Dispatcher,
): Promise<number | bigint | undefined> {
  const request = requests.make(kind, key, options);
  request.ownDetails().delta = counterDigits(by, `${kind}: by`);
  const initial = options?.initial;
  const first = initial === undefined ? '' : counterDigits(initial, `${kind}: initial`);
  if (options?.ttl !== undefined) requests.exptime(options.ttl);
  if (initial === undefined) return counted(await dispatcher.send(request, options), by, kind);
  const send = dispatcher.within(options);
  let digits = await send(request);
  if (digits === undefined) {
    const codec = counterCodec(requests.codec, first);
    const add = requests.make('add', key, undefined);
    requests.encode(add, initial, { ...options, codec });
    const created = await send(add);
    if (created === true) digits = first;
    else {
      const again = requests.make(kind, key, options);
      again.ownDetails().delta = request.details.delta;
      digits = await send(again);
    }
  }
  return counted(digits, by, kind);
}

/** Counts up and reads the time left, in one request; a counter that is missing is created where a first value is given. */
export async function countWithTtl(
  key: string,
  options: CountOptions | undefined,
  requests: RequestMaker,
  dispatcher: Dispatcher,
  classicForm: ClassicForm,
): Promise<Counted | undefined> {
  const request = requests.make('count', key, options);
  const { by = 1, initial, ttl } = options ?? {};
  request.ownDetails().delta = counterDigits(by, 'count: by');
  if (initial !== undefined) request.ownDetails().initial = counterDigits(initial, 'count: initial');
  if (ttl !== undefined) request.exptime = requests.exptime(ttl);
  request.inClassic = classicForm;
  const read = (await dispatcher.send(request, options)) as CountRead | undefined;
  return read === undefined ? undefined : { value: safeNumber(read.digits, 'count'), ttl: read.ttl };
}

/** An amount as memcached wants it: whole, from 0 to 2^64 - 1, in decimal digits. */
function counterDigits(amount: unknown, name: string): string {
  if (typeof amount === 'bigint' && amount >= 0n && amount <= MAX_COUNTER) return String(amount);
  if (typeof amount === 'number' && Number.isSafeInteger(amount) && amount >= 0) return String(amount);
  throw new InvalidArgumentError(
    `${name}: expected a whole number from 0 (a bigint above 2^53), got ${typeof amount === 'symbol' ? 'a symbol' : String(amount)}`,
  );
}

/**
 * Stores the first value of a counter as the codec would, so that it reads as a number; or, where the codec does not keep
 * numbers as digits, which is all that memcached counts with, as bare digits.
 *
 * memcached's own creation (`ma` with `N`) would always store client flags 0.
 */
function counterCodec(codec: Codec, digits: string): Codec {
  const bare: Encoded = { data: digits, flags: 0 };
  return {
    async encode(value, key) {
      const number = Number(value);
      try {
        const encoded = await codec.encode(Number.isSafeInteger(number) ? number : value, key);
        return inBytes(encoded).data.toString('latin1') === digits ? encoded : bare;
      } catch {
        return bare; // a codec that has no form for numbers
      }
    },
    decode: (data, flags, key) => codec.decode(data, flags, key),
  };
}

/** What a counter has come to, in the type of the amount; `undefined` where there is none. */
function counted(digits: unknown, by: number | bigint, kind: string): number | bigint | undefined {
  if (digits === undefined) return undefined;
  return typeof by === 'bigint' ? BigInt(digits as string) : safeNumber(digits as string, kind);
}

function safeNumber(digits: string, command: string): number {
  const number = Number(digits);
  if (Number.isSafeInteger(number)) return number;
  throw new CodecError(
    `${command}: the counter has passed 2^53, where numbers lose digits; ask with a bigint (1n)`,
  );
}
