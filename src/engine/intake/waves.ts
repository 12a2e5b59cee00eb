/** A call that waits for its own events, as its waves see it. */
export interface WaveCall {
  /** One of its waves has something in flight. */
  begins(): void;
  /** One of its waves is over. */
  ends(): void;
  /** An event of its own was not handled. */
  failed(position: number, error: Error): void;
  /** The engine has failed. */
  release(): void;
}

/**
 * Events that were taken in between two calls of `drain`, and everything that these led to: what a handler emits
 * belongs to the wave of its cause. So whoever waits for a wave waits for nothing that others publish meanwhile.
 */
export class Wave {
  /** Events in flight, and whatever else will bring more of them. */
  left = 0;
  /** Of a call's own wave: the wave that it is a part of, and the call. */
  readonly outer: Wave | undefined;
  readonly call: WaveCall | undefined;
  /** Who waits for it, and for all before it. */
  readonly waiting: (() => void)[] = [];

  constructor(outer?: Wave, call?: WaveCall) {
    this.outer = outer;
    this.call = call;
  }
}

/** All waves of which something is in flight, and the open one, which new events join. */
export class Waves {
  /** Oldest first. */
  readonly #closed: Wave[] = [];
  /** Calls that wait for their own events. */
  readonly calls = new Set<WaveCall>();
  open = new Wave();
  /** The wave of somebody who had to wait, and who enters now. */
  #entering: Wave | undefined;

  /** The wave that an event joins now. */
  get taking(): Wave {
    return this.#entering ?? this.open;
  }

  join(wave: Wave): void {
    if (wave.left++ > 0 || !wave.outer) return;
    this.join(wave.outer);
    wave.call?.begins();
  }

  leave(wave: Wave, count = 1): void {
    wave.left -= count;
    if (wave.left > 0) return;
    if (wave.outer) {
      this.leave(wave.outer);
      wave.call?.ends();
    } else if (this.#closed.length > 0) this.#settle();
  }

  /** Runs `work`; what it takes in belongs to `wave`. */
  within<Result>(wave: Wave, work: () => Result): Result {
    const before = this.#entering;
    this.#entering = wave;
    try {
      return work();
    } finally {
      this.#entering = before;
    }
  }

  /** Resolves when everything taken in so far, and what it leads to, has been handled; undefined when it has. */
  settled(): Promise<void> | undefined {
    if (this.open.left > 0) {
      this.#closed.push(this.open);
      this.open = new Wave();
    }
    const last = this.#closed.at(-1);
    return last && new Promise((resolve) => last.waiting.push(resolve));
  }

  /** Nobody will hear anything better. */
  releaseAll(): void {
    for (const { waiting } of this.#closed) for (const wake of waiting.splice(0)) wake();
    for (const call of this.calls) call.release();
    this.calls.clear();
  }

  /** Wakes those whose wave, and all before it, are over. */
  #settle(): void {
    while (this.#closed[0]?.left === 0) {
      for (const wake of (this.#closed.shift() as Wave).waiting) wake();
    }
  }
}
