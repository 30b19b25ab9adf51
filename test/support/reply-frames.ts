const CRLF = Buffer.from('\r\n');

/** Lines that are not the whole reply: an `END` is still to come. */
const PART = /^(VALUE|STAT|ITEM|CONFIG) /;

/** A line that a block of so many bytes follows. */
const BLOCK = /^(?:VALUE \S+ \d+|VA|CONFIG \S+ \d+) (\d+)/;

/** Cuts what a memcached says into whole replies, meta and classic. It trusts the server. */
export class ReplyFrames {
  #rest: Buffer = Buffer.alloc(0);

  /** @returns the replies that are whole by now; what is left of the bytes waits for more. */
  push(bytes: Buffer): Buffer[] {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const replies: Buffer[] = [];
    let start = 0;
    for (let end = endOfReply(all, start); end > 0; end = endOfReply(all, start)) {
      replies.push(all.subarray(start, end));
      start = end;
    }
    this.#rest = all.subarray(start);
    return replies;
  }
}

/** Where the header of a reply ends, its line end not included. */
export function headerLength(reply: Buffer): number {
  return reply.indexOf(CRLF);
}

/** @returns the end of the reply that begins here; 0 when it is not whole yet. */
function endOfReply(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf(CRLF, at);
    if (lineEnd < 0) return 0;
    // Nothing that matters stands beyond the longest key and its numbers.
    const line = bytes.toString('latin1', at, Math.min(lineEnd, at + 400));
    at = lineEnd + 2;
    const block = BLOCK.exec(line);
    if (block !== null) at += Number(block[1]) + 2;
    if (at > bytes.length) return 0;
    if (!PART.test(line)) return at;
  }
}
