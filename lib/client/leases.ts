import type { LeaseOptions } from './command-options.js';
import type { Dispatcher } from './dispatcher.js';
import type { RequestMaker } from './request-maker.js';
import type { LeaseAsker } from './results.js';

/** What stores need beside the commands: reads with a lease, whose callers mostly want nothing but the value. */
export class Leases {
  readonly #dispatcher: Dispatcher;
  readonly #requests: RequestMaker;

  constructor(dispatcher: Dispatcher, requests: RequestMaker) {
    this.#dispatcher = dispatcher;
    this.#requests = requests;
  }

  /** Refuses keys of which one could not be sent. @throws {InvalidArgumentError} */
  checkKeys(keys: readonly string[]): void {
    this.#requests.wireKeys(this.#requests.fullKeys(keys));
  }

  /**
   * Reads as `leaseGet` does; of a plain hit nothing is made but the value.
   *
   * @returns a promise that never rejects. Undefined where it takes `leaseGet`: while no server is known, and while somebody
   *   listens to commands, who wants to hear what they come to.
   */
  ask(key: string, options: LeaseOptions, asker: LeaseAsker): Promise<unknown> | undefined {
    if (!this.#dispatcher.isUnheard) return undefined;
    try {
      const request = this.#requests.lease(key, options);
      request.asker = asker;
      return this.#dispatcher.sendUnheard(request);
    } catch (error) {
      return Promise.resolve(asker.failed(error));
    }
  }
}
