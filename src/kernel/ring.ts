/** A queue on a growing power-of-two ring; `shift`, `unshift` and `push` allocate nothing. */
export class Ring<Item> {
  #items: (Item | undefined)[];
  #head = 0;
  #size = 0;

  /** @param room for so many at first; a power of two. */
  constructor(room = 64) {
    this.#items = new Array(room);
  }

  get size(): number {
    return this.#size;
  }

  push(item: Item): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size) & (this.#items.length - 1)] = item;
    this.#size++;
  }

  /** Puts an item before all others. */
  unshift(item: Item): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#items.length - 1);
    this.#items[this.#head] = item;
    this.#size++;
  }

  peek(): Item | undefined {
    return this.at(0);
  }

  /** The item so many places behind the first one; undefined when there is none. */
  at(index: number): Item | undefined {
    return index < this.#size ? this.#items[(this.#head + index) & (this.#items.length - 1)] : undefined;
  }

  shift(): Item | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#size--;
    return item;
  }

  #grow(): void {
    const grown: (Item | undefined)[] = new Array(this.#items.length * 2);
    for (let index = 0; index < this.#size; index++) {
      grown[index] = this.#items[(this.#head + index) & (this.#items.length - 1)];
    }
    this.#items = grown;
    this.#head = 0;
  }
}
