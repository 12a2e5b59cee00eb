import type { Wave, WaveCall, Waves } from '../intake/waves.js';

/** Somebody who waits for a held event. */
export interface AwaitedEvent {
  readonly position: number;
  readonly call: WaveCall | undefined;
}

interface Run {
  readonly wave: Wave;
  count: number;
}

/**
 * New events of a key that stay in the log until what is before them has been read from there: how many, of which
 * waves, and who waits for them. They are in flight all the time, so publishers get no further ahead of them than
 * of any others, and that bounds what is kept here.
 */
export class HeldEvents {
  /** In position order. */
  readonly #runs = new Line<Run>();
  #last: Run | undefined;
  /** Position of the first one there was, 0 for none. */
  #first = 0;
  readonly #awaited = new Line<AwaitedEvent>();

  /** Whether the event at a position is one of them; those before the first were in the log already. */
  has(position: number): boolean {
    return this.#first > 0 && position >= this.#first;
  }

  add(position: number, wave: Wave): void {
    if (this.#first === 0) this.#first = position;
    if (this.#last?.wave === wave && this.#last.count > 0) this.#last.count++;
    else {
      this.#last = { wave, count: 1 };
      this.#runs.push(this.#last);
    }
  }

  /** Somebody waits for one of them. */
  await(awaited: AwaitedEvent): void {
    this.#awaited.push(awaited);
  }

  /** Takes the first one out, which is at this position. Returns its wave. */
  shift(position: number): Wave | undefined {
    const run = this.#runs.first;
    if (!run) return undefined;
    run.count--;
    if (run.count === 0) this.#runs.shift();
    for (let first = this.#awaited.first; first && first.position <= position; first = this.#awaited.first) {
      this.#awaited.shift();
    }
    return run.wave;
  }

  /** Takes all out: those who wait for them are told first, then their waves are left. Returns how many there were. */
  clear(waves: Waves, tell: (awaited: AwaitedEvent) => void): number {
    for (let one = this.#awaited.shift(); one; one = this.#awaited.shift()) tell(one);
    let total = 0;
    for (let run = this.#runs.shift(); run; run = this.#runs.shift()) {
      total += run.count;
      waves.leave(run.wave, run.count);
    }
    return total;
  }
}

/** First in, first out. There is one for every key with held events, and most hold one item. */
class Line<Item> {
  #items: Item[] = [];
  #head = 0;

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const { first } = this;
    if (this.#head < this.#items.length) this.#head++;
    if (this.#head === this.#items.length) this.#items = [];
    else if (this.#head < 1024 || this.#head * 2 < this.#items.length) return first;
    else this.#items = this.#items.slice(this.#head);
    this.#head = 0;
    return first;
  }
}
