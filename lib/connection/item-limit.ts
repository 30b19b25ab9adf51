import { ValueTooLargeError } from '../errors.js';
import { Request } from '../protocol/request.js';
import { readStats } from '../protocol/stats-reader.js';
import type { Ask } from './negotiation.js';

/** What memcached takes for an item where it does not say otherwise. */
const DEFAULT_ITEM_SIZE_MAX = 1024 * 1024;

/** Bytes memcached 1.6 adds to key and value: item header, cas token, and the ends of both. */
const ITEM_OVERHEAD_BYTES = 48 + 8 + 1 + 2;

/** Bytes it adds for client flags other than 0. */
const FLAGS_BYTES = 4;

/** Nobody sets a server's limit below this, so smaller values are sent without asking for it. */
const SURELY_TAKEN_BYTES = 64 * 1024;

/**
 * How large a value one server takes: by its own item limit (memcached's `-I`) and by the option `maxValueBytes`.
 *
 * The server is asked for its limit before the first value that could pass it, and not at connect: that would cost each
 * connection a round trip and 2 KB for what most never need.
 */
export class ItemLimit {
  readonly #server: string;
  readonly #maxValueBytes: number;
  #itemSizeMax: number | undefined;
  #settled = false;

  /** @param maxValueBytes the option; 0 for none. */
  constructor(server: string, maxValueBytes: number) {
    this.#server = server;
    this.#maxValueBytes = maxValueBytes;
  }

  /** Whether the request's value cannot be judged before the server has been asked. */
  isUnsure(request: Request): boolean {
    return !this.#settled && request.data !== undefined && this.#mayPass(request.data.length);
  }

  /**
   * Asks the server for its limit, unless there is nothing to learn.
   *
   * @param ask sends the question.
   * @param timeoutMs how long the answer may take.
   */
  async learn(ask: Ask, timeoutMs: number): Promise<void> {
    if (this.#settled) return;
    const question = new Request('line', 'stats settings', readStats);
    question.timeoutMs = timeoutMs;
    try {
      this.settle((await ask(question)) as ReadonlyMap<string, string>);
    } catch {
      this.settle();
    }
  }

  /**
   * Takes the server's word.
   *
   * @param settings of `stats settings`; without them (a proxy, the classic dialect, no answer) memcached's default holds
   *   unless the option says more.
   */
  settle(settings?: ReadonlyMap<string, string>): void {
    const told = Number(settings?.get('item_size_max'));
    this.#itemSizeMax = told > 0 ? told : undefined;
    this.#settled = true;
  }

  /** @throws {ValueTooLargeError} when the server would not take the request's value. */
  check(request: Request): void {
    if (request.data === undefined) return;
    const size = request.data.length;
    if (this.#maxValueBytes > 0 && size > this.#maxValueBytes) {
      throw tooLarge(request, this.#maxValueBytes, 'the option maxValueBytes');
    }
    const limit =
      this.#itemSizeMax ?? (this.#maxValueBytes > 0 ? Number.POSITIVE_INFINITY : DEFAULT_ITEM_SIZE_MAX);
    if (itemSize(request, request.data.length) > limit) throw this.refusal(request);
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

  #mayPass(size: number): boolean {
    return size > SURELY_TAKEN_BYTES && !(this.#maxValueBytes > 0 && size > this.#maxValueBytes);
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
