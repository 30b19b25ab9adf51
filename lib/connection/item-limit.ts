import { ValueTooLargeError } from '../errors.js';
import type { Request } from '../protocol/request.js';
import { MAX_KEY_BYTES } from '../protocol/wire-key.js';

/** What memcached takes for an item where it does not say otherwise. */
const DEFAULT_ITEM_SIZE_MAX = 1024 * 1024;

/** Bytes memcached 1.6 adds to key and value: item header, cas token, and the ends of both. */
const ITEM_OVERHEAD_BYTES = 48 + 8 + 1 + 2;

/** Bytes it adds for client flags other than 0. */
const FLAGS_BYTES = 4;

/** What all of that comes to at most. */
const MOST_BESIDE = MAX_KEY_BYTES + ITEM_OVERHEAD_BYTES + FLAGS_BYTES;

/**
 * How large a value one server takes: by its own item limit (memcached's `-I`) and by the option `maxValueBytes`.
 */
export class ItemLimit {
  readonly #server: string;
  readonly #maxValueBytes: number;
  #itemSizeMax: number | undefined;
  /** Items up to this are taken, whatever the rest comes to. */
  #surely = 0;

  /** @param maxValueBytes the option; 0 for none. */
  constructor(server: string, maxValueBytes: number) {
    this.#server = server;
    this.#maxValueBytes = maxValueBytes;
    this.settle();
  }

  /**
   * Takes the server's word.
   *
   * @param settings of `stats settings`; without them (a proxy, the classic dialect, no answer) memcached's default holds
   *   unless the option says more.
   */
  settle(settings?: ReadonlyMap<string, string>): void {
    const limit = Number(settings?.get('item_size_max'));
    this.#itemSizeMax = limit > 0 ? limit : undefined;
    this.#surely = Math.min(this.#limit, this.#maxValueBytes || Number.POSITIVE_INFINITY) - MOST_BESIDE;
  }

  /** @throws {ValueTooLargeError} when the server would not take the request's value. */
  check(request: Request): void {
    if (request.data !== undefined && request.data.length > this.#surely)
      this.#weigh(request, request.data.length);
  }

  #weigh(request: Request, size: number): void {
    if (this.#maxValueBytes > 0 && size > this.#maxValueBytes) {
      throw tooLarge(request, this.#maxValueBytes, 'the option maxValueBytes');
    }
    if (itemSize(request, size) > this.#limit) throw this.refusal(request);
  }

  get #limit(): number {
    return this.#itemSizeMax ?? (this.#maxValueBytes > 0 ? Number.POSITIVE_INFINITY : DEFAULT_ITEM_SIZE_MAX);
  }

  /** The error for a value that the server does not take. */
  refusal(request: Request): ValueTooLargeError {
    const whose = `the item limit of ${this.#server} (memcached's -I), key and header included`;
    const size = request.data?.length ?? 0;
    const limit = this.#itemSizeMax ?? DEFAULT_ITEM_SIZE_MAX;
    // Refused by a server that does not tell its limit: all that is known is that it is less than this.
    if (limit >= itemSize(request, size)) {
      return new ValueTooLargeError(
        `${request.label}: ${size} bytes are above ${whose}; nothing was stored`,
        size,
        size,
      );
    }
    return tooLarge(request, limit, whose);
  }
}

/** What an item comes to in the server's own count. */
function itemSize(request: Request, valueBytes: number): number {
  return valueBytes + request.key.length + ITEM_OVERHEAD_BYTES + (request.flags === 0 ? 0 : FLAGS_BYTES);
}

function tooLarge(request: Request, limit: number, whose: string): ValueTooLargeError {
  const size = request.data?.length ?? 0;
  return new ValueTooLargeError(
    `${request.label}: ${size} bytes do not fit into ${limit}, ${whose}; nothing was stored`,
    size,
    limit,
  );
}
