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
  /** Bytes of values and keys, beside what every request costs. */
  #bytes = 0;
  /** What all are told who come while there are so many: a million errors at once would be a burden of their own. */
  #refusal: OverloadError | undefined;

  constructor(server: string, maxRequests: number, maxBytes: number) {
    this.#server = server;
    this.#maxRequests = maxRequests;
    this.#maxBytes = maxBytes;
  }

  /**
   * Lets a request in, or tells why not. One that has `admittedBytes` then must be let out once.
   *
   * @param inFlight how many requests wait already.
   */
  admit(request: Request, inFlight: number): OverloadError | undefined {
    const { data } = request;
    const { keys } = request.details;
    const bytes = data === undefined && keys === undefined ? 0 : bytesOf(data, keys);
    // A single request may be larger than the limit; nothing but it is then under way.
    const fits = inFlight === 0 || (inFlight + 1) * REQUEST_BYTES + this.#bytes + bytes <= this.#maxBytes;
    if (!fits || inFlight >= this.#maxRequests) return this.#refuse(inFlight, bytes);
    this.#refusal = undefined;
    if (bytes > 0) {
      request.admittedBytes = bytes;
      this.#bytes += bytes;
    }
    return undefined;
  }

  #refuse(inFlight: number, bytes: number): OverloadError {
    if (inFlight >= this.#maxRequests) {
      const many = `${inFlight} requests in flight, the limit (option maxInFlight)`;
      return (this.#refusal ??= new OverloadError(`${this.#server}: ${many}`, this.#server));
    }
    const waiting = inFlight * REQUEST_BYTES + this.#bytes;
    const what = `${waiting} bytes wait for the server, and ${REQUEST_BYTES + bytes} more would pass the limit`;
    return new OverloadError(`${this.#server}: ${what} (option maxQueuedBytes)`, this.#server);
  }

  /** Counts the bytes of a request no longer. */
  release(request: Request): void {
    this.#bytes -= request.admittedBytes;
    request.admittedBytes = 0;
  }
}

function bytesOf(data: Request['data'], keys: Request['details']['keys']): number {
  return (data?.length ?? 0) + (keys?.length ?? 0) * KEY_BYTES;
}
