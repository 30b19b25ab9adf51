import { CodecError } from '../../errors.js';
import type { CodecBounds } from '../../options/codec-options.js';

/** So much JSON of one read is taken as it comes; what follows is counted, however short each value is. */
const UNCOUNTED_BYTES = 1024 * 1024;

/** What the values of one many-key read may come to together: each alone within its bounds, a thousand are not. */
export class ReadBudget {
  readonly #maxBytes: number;
  readonly #maxNodes: number;
  #bytes = 0;
  #nodes = 0;
  #uncounted = 0;

  constructor({ maxReadBytes, maxReadNodes }: Pick<CodecBounds, 'maxReadBytes' | 'maxReadNodes'>) {
    this.#maxBytes = maxReadBytes;
    this.#maxNodes = maxReadNodes;
  }

  get bytesLeft(): number {
    return Math.max(0, this.#maxBytes - this.#bytes);
  }

  /**
   * Takes note of JSON that is to be read.
   *
   * @returns whether it has to be counted, since there has been much of it.
   * @throws {CodecError} when the read has come to more than it may already: then nothing more is even looked at.
   */
  note(bytes: number): boolean {
    this.takeNodes(0);
    this.#uncounted += bytes;
    return this.#uncounted > UNCOUNTED_BYTES;
  }

  /** @throws {CodecError} when the read has come to more than it may. */
  takeBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) {
      throw new CodecError(
        `the values of this read have more than ${this.#maxBytes} bytes when decompressed, the limit of codec.maxReadBytes`,
      );
    }
  }

  /** @throws {CodecError} when the read has come to more than it may. */
  takeNodes(nodes: number): void {
    this.#nodes += nodes;
    if (this.#nodes > this.#maxNodes) {
      throw new CodecError(
        `the values of this read have more than ${this.#maxNodes} parts, the limit of codec.maxReadNodes`,
      );
    }
  }
}
