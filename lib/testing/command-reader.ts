const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A line longer than this, of which the end has not come yet, is refused, unless it is a `get` of many keys. */
const MAX_OPEN_LINE_BYTES = 2048;

/** Blanks that may stand before the `get` of such a line. */
const MAX_LEADING_BLANKS = 100;

/**
 * Cuts a stream of bytes, however it is chopped, into command lines and data blocks.
 *
 * Every byte is looked at once: a line or a value in many pieces costs no more than one in a single piece.
 */
export class CommandReader {
  readonly #execute: Execute;
  #openLine: Buffer[] = [];
  #openLineBytes = 0;
  #block: Buffer | undefined;
  #blockFilled = 0;
  #receive: ((block: Buffer) => void) | undefined;
  #skip = 0;
  #closed = false;

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  /** Whether a command has asked to close the connection; what comes after it is not read. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Reads on from an offset, up to and including the next complete command.
   *
   * @returns the offset behind what was read: the end of the chunk, unless a command was complete before.
   */
  read(chunk: Buffer, offset: number): number {
    if (this.#closed) return chunk.length;
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, chunk.length - offset);
      this.#skip -= skipped;
      return offset + skipped;
    }
    return this.#block === undefined
      ? this.#readLine(chunk, offset)
      : this.#readBlock(this.#block, chunk, offset);
  }

  #readLine(chunk: Buffer, offset: number): number {
    const end = chunk.indexOf(LINE_FEED, offset);
    if (end < 0) {
      this.#keepOpen(chunk.subarray(offset));
      return chunk.length;
    }
    let line = chunk;
    let from = offset;
    let to = end;
    if (this.#openLineBytes > 0) {
      this.#openLine.push(chunk.subarray(offset, end));
      line = Buffer.concat(this.#openLine);
      from = 0;
      to = line.length;
      this.#openLine = [];
      this.#openLineBytes = 0;
    }
    if (to > from && line[to - 1] === CARRIAGE_RETURN) to--;
    this.#follow(this.#execute(line.toString('latin1', from, to)));
    return end + 1;
  }

  #keepOpen(piece: Buffer): void {
    // A copy, because a piece of a few bytes would keep the whole chunk it came in alive.
    this.#openLine.push(Buffer.from(piece));
    this.#openLineBytes += piece.length;
    const crossed =
      this.#openLineBytes > MAX_OPEN_LINE_BYTES && this.#openLineBytes - piece.length <= MAX_OPEN_LINE_BYTES;
    if (!crossed) return;
    this.#openLine = [Buffer.concat(this.#openLine)];
    const start = this.#openLine[0].toString('latin1', 0, MAX_LEADING_BLANKS + 'gets '.length);
    const trimmed = start.replace(/^ +/, '');
    if (start.length - trimmed.length > MAX_LEADING_BLANKS || !/^gets? /.test(trimmed)) this.#closed = true;
  }

  #readBlock(block: Buffer, chunk: Buffer, offset: number): number {
    const copied = chunk.copy(block, this.#blockFilled, offset);
    this.#blockFilled += copied;
    if (this.#blockFilled === block.length) {
      const receive = this.#receive;
      this.#block = undefined;
      this.#receive = undefined;
      receive?.(block);
    }
    return offset + copied;
  }

  #follow(next: FollowUp | undefined): void {
    if (next === undefined) return;
    if (next === 'close') {
      this.#closed = true;
    } else if (next.receive === undefined) {
      this.#skip = next.bytes;
    } else {
      this.#block = Buffer.allocUnsafeSlow(next.bytes);
      this.#blockFilled = 0;
      this.#receive = next.receive;
    }
  }
}

/** What is to be done with the bytes behind a command line. */
export type FollowUp =
  /** Collect a value and its CR LF, that many bytes in all, and hand them over. */
  | { readonly bytes: number; readonly receive: (block: Buffer) => void }
  /** Throw that many bytes away. */
  | { readonly bytes: number; readonly receive?: undefined }
  /** Close the connection, once everything has been answered. */
  | 'close';

/** Carries out one command line, given without its line end, its bytes as latin1 characters. */
export type Execute = (line: string) => FollowUp | undefined;
