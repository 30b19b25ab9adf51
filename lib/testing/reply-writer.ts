/** Blocks below this are copied into the text around them: one larger write is cheaper than several small ones. */
const COPY_BELOW_BYTES = 4096;

/** Gathers the replies of one turn, so that they leave together. */
export class ReplyWriter {
  #text = '';
  #chunks: Buffer[] = [];
  #bytes = 0;
  #muted = false;

  /** Bytes gathered and not yet taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Swallows what a command answers (`noreply`), until the next one starts. */
  mute(): void {
    this.#muted = true;
  }

  unmute(): void {
    this.#muted = false;
  }

  /** Adds a line, whose characters are bytes, and its CR LF. */
  line(text: string): void {
    if (!this.#muted) this.#append(`${text}\r\n`);
  }

  /** Adds a line, with its CR LF, and the block that belongs to it, which must not change any more. */
  lineAndBlock(text: string, block: Buffer): void {
    if (this.#muted) return;
    if (block.length < COPY_BELOW_BYTES) {
      this.#append(`${text}\r\n${block.toString('latin1')}`);
      return;
    }
    this.#append(`${text}\r\n`);
    this.#seal();
    this.#chunks.push(block);
    this.#bytes += block.length;
  }

  /** Adds bytes as they are, with no line end. */
  raw(text: string): void {
    if (!this.#muted) this.#append(text);
  }

  /** Takes away everything gathered so far. */
  take(): Buffer[] {
    this.#seal();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    return chunks;
  }

  #append(text: string): void {
    this.#text += text;
    this.#bytes += text.length;
  }

  #seal(): void {
    if (this.#text === '') return;
    this.#chunks.push(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }
}
