import { KEEP_EXPTIME } from '../protocol/exptime.js';
import type { ReplyReader, Request } from '../protocol/request.js';
import type { Dispatcher } from './dispatcher.js';

/**
 * Undoes what plain commands do to leases by the way: memcached gives the right to refresh a stale value to whoever reads
 * it first, asked for or not, and lets whoever touches a key prolong the stub that stands there for a lease.
 *
 * What fails here ends with the time that the value or the stub has left.
 */
export class LeaseRepairs {
  readonly #dispatcher: Dispatcher;

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  /** Hands on a right that came with the reply to a request which asked for none: the next reader who asks for it has it. */
  giveBack(request: Request): void {
    this.#giveBack(request).catch(() => undefined);
  }

  /**
   * Gives an item the time back that it had before it was touched.
   *
   * @param ttlSeconds as the reply told it.
   */
  restore(request: Request, ttlSeconds: number): void {
    const again = request.sibling('renew', ignore);
    again.exptime = ttlSeconds < 0 ? 0 : Math.max(1, ttlSeconds);
    this.#dispatcher
      .within(undefined)(again)
      .catch(() => undefined);
  }

  async #giveBack(request: Request): Promise<void> {
    const send = this.#dispatcher.within(undefined);
    // Who was quicker to store a value has left no mark to give back.
    const cas = (await send(request.sibling('gets', readClaimed))) as string;
    if (cas === '') return;
    const mark = request.sibling('mark-stale', ignore);
    mark.ownDetails().cas = cas;
    mark.exptime = KEEP_EXPTIME;
    await send(mark);
  }
}

/** The digits that name an item whose right is given away, `''` for any other. */
const readClaimed: ReplyReader = ({ status, stale, busy, cas }) =>
  status === 'value' && stale && busy ? cas : '';

/** What came of a repair is of interest to nobody. */
const ignore: ReplyReader = () => undefined;
