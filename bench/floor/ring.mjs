/** First in, first out, without moving or allocating anything per entry. */
export class Ring {
  #slots = new Array(64);
  #head = 0;
  #length = 0;

  push(entry) {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = entry;
    this.#length += 1;
  }

  first() {
    return this.#slots[this.#head];
  }

  shift() {
    const entry = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    return entry;
  }

  #grow() {
    const old = this.#slots;
    const slots = new Array(old.length * 2);
    for (let index = 0; index < this.#length; index += 1)
      slots[index] = old[(this.#head + index) & (old.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}
