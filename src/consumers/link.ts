import type { ConsumerChange } from '../store/consumer.js';

/** What has something to store; it gathers that itself until it is asked. */
export interface Noted {
  take(): ConsumerChange;
  /** What was taken first of what was not told of yet is stored. */
  stored?(): void;
}

const NONE: readonly Noted[] = [];

/**
 * All that the flow of events knows of consumers: each commit takes along what they are done with, and tells them that
 * more is durable. It outlives a recovery, as they do.
 */
export class ConsumerLink {
  readonly #noted = new Set<Noted>();
  /** What the commits that are under way have taken along, oldest first. */
  #underWay: (readonly Noted[])[] = [];
  #isDue = false;
  /** Called after each commit. */
  onCommitted: () => void = () => {};

  /** Whether a commit is to be made for consumers alone. */
  get isDue(): boolean {
    return this.#isDue && this.#noted.size > 0;
  }

  note(noted: Noted): void {
    this.#noted.add(noted);
  }

  /** What was noted must not wait for other commits any longer. */
  due(): void {
    this.#isDue = true;
  }

  /** For the commit that is being sent. */
  take(): readonly ConsumerChange[] {
    this.#isDue = false;
    const noted = this.#noted.size === 0 ? NONE : [...this.#noted];
    this.#underWay.push(noted);
    this.#noted.clear();
    return noted.map((one) => one.take());
  }

  /** The oldest commit that was sent is stored. */
  committed(): void {
    for (const noted of this.#underWay.shift() ?? NONE) noted.stored?.();
    this.onCommitted();
  }

  /** It has nothing to store any more. */
  drop(noted: Noted): void {
    this.#noted.delete(noted);
  }

  /** The engine has failed: what was noted is read from the store again. */
  forget(): void {
    this.#noted.clear();
    this.#underWay = [];
  }
}
