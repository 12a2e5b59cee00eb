import type { SampledThread, ThreadWatch } from '../sampling/sampled-thread.js';

/** The threads of all consumers of an engine, for its profiles. */
export class ConsumerThreads {
  readonly #open = new Set<SampledThread>();
  #watch: ThreadWatch | undefined;

  /** Those that have loaded their modules. */
  get open(): readonly SampledThread[] {
    return [...this.#open];
  }

  /** Has all of them sampled, also those that come later, until `endProfile`. */
  async profile(watch: ThreadWatch): Promise<void> {
    this.#watch = watch;
    await Promise.all(this.open.map((thread) => watch.join(thread)));
  }

  endProfile(): void {
    this.#watch = undefined;
  }

  /** A thread has loaded its module. It is sent nothing before this has resolved. */
  async opened(thread: SampledThread): Promise<void> {
    this.#open.add(thread);
    await this.#watch?.join(thread);
  }

  /** A thread that does nothing is about to be ended in order. */
  async leaves(thread: SampledThread): Promise<void> {
    await this.#watch?.leave(thread);
  }

  /** @param error of what it has died, unless it was ended. */
  ended(thread: SampledThread, error: Error | undefined): void {
    if (this.#open.delete(thread)) this.#watch?.left(thread, error);
  }
}
