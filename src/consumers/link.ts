import type { ConsumerChange } from '../store/consumer.js';

/** What has something to store; it gathers that itself until it is asked. */
export interface Noted {
  take(): ConsumerChange;
}

/**
 * All that the flow of events knows of consumers: each commit takes along what they are done with, and tells them that
 * more is durable. It outlives a recovery, as they do.
 */
export class ConsumerLink {
  readonly #noted = new Set<Noted>();
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
    if (this.#noted.size === 0) return [];
    const changes = [...this.#noted].map((noted) => noted.take());
    this.#noted.clear();
    return changes;
  }

  /** It has nothing to store any more. */
  drop(noted: Noted): void {
    this.#noted.delete(noted);
  }

  /** The engine has failed: what was noted is read from the store again. */
  forget(): void {
    this.#noted.clear();
  }
}
