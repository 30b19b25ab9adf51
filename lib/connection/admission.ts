import { OverloadError } from '../errors.js';
import type { Request } from '../protocol/request.js';

/** About what a request costs in memory beside its value, with its promise and what its caller holds for it. */
const REQUEST_BYTES = 512;

/** About what each key of a many-key read costs. */
const KEY_BYTES = 64;

/** How much may wait for one server at a time: so many requests, and so many bytes that they hold. */
export class Admission {
  readonly #server: string;
  readonly #maxRequests: number;
  readonly #maxBytes: number;
  #requests = 0;
  #bytes = 0;
  /** What all are told who come while there are so many: a million errors at once would be a burden of their own. */
  #refusal: OverloadError | undefined;

  constructor(server: string, maxRequests: number, maxBytes: number) {
    this.#server = server;
    this.#maxRequests = maxRequests;
    this.#maxBytes = maxBytes;
  }

  /** Lets a request in, or tells why not. Whatever was let in must be let out once. */
  admit(request: Request): OverloadError | undefined {
    if (this.#requests >= this.#maxRequests) {
      const many = `${this.#requests} requests in flight, the limit (option maxInFlight)`;
      return (this.#refusal ??= new OverloadError(`${this.#server}: ${many}`, this.#server));
    }
    const cost = costOf(request);
    // A single request may be larger than the limit; nothing but it is then under way.
    if (this.#bytes + cost > this.#maxBytes && this.#requests > 0) {
      const what = `${this.#bytes} bytes wait for the server, and ${cost} more would pass the limit`;
      return new OverloadError(`${this.#server}: ${what} (option maxQueuedBytes)`, this.#server);
    }
    request.admittedBytes = cost;
    this.#requests += 1;
    this.#bytes += cost;
    return undefined;
  }

  /** Counts a request no longer; one of the connection's own was never counted. */
  release(request: Request): void {
    if (request.admittedBytes === 0) return;
    this.#refusal = undefined;
    this.#requests -= 1;
    this.#bytes -= request.admittedBytes;
    request.admittedBytes = 0;
  }
}

function costOf({ data, keys }: Request): number {
  const value = data === undefined ? 0 : data.length;
  return keys === undefined ? REQUEST_BYTES + value : REQUEST_BYTES + keys.length * KEY_BYTES;
}
