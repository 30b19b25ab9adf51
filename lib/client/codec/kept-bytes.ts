/** A view may stand for a copy as long as it keeps no more than so many times its own size in memory. */
const MOST_KEPT = 8;

/**
 * The bytes of a view into a socket's buffer, to be handed to the user.
 *
 * Node never writes into such a buffer again, so the view itself would do; but it keeps the whole buffer alive. A small part
 * is copied out of it. A large one is not: copying is what reading large values costs most.
 */
export function keptBytes(view: Buffer): Buffer {
  return view.length * MOST_KEPT >= view.buffer.byteLength ? view : Buffer.from(view);
}
