/**
 * An iterator whose calls of `next` take turns: callers that do not wait for each other still get each event once, and in
 * order. Ending it does not wait for an event that may never come.
 */
export abstract class Turns<Event> implements AsyncIterableIterator<Event, undefined>, AsyncDisposable {
  #last: Promise<unknown> = Promise.resolve();
  #isEnded = false;
  #ending: Promise<void> | undefined;
  /** What ended it, until a caller has heard of it. */
  #failure: { readonly error: unknown } | undefined;

  protected get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The next event; undefined when it has ended meanwhile. */
  protected abstract step(): Promise<Event | undefined>;

  /** Called once, when it ends: lets go of everything, and wakes a step that waits. */
  protected abstract ended(): Promise<void>;

  /** Ends it. @param failure what the next call rejects with; later ones are done. */
  end(failure?: { readonly error: unknown }): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure = failure;
    this.#ending = this.ended();
    // Who returns it hears of that; nobody need.
    this.#ending.catch(() => {});
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    const turn = this.#last.then(() => this.#take());
    this.#last = turn.catch(() => {});
    return turn;
  }

  async return(): Promise<IteratorResult<Event, undefined>> {
    this.end();
    this.#failure = undefined;
    await this.#ending;
    return { value: undefined, done: true };
  }

  /** Ends it, as `return`, and rejects with the error: for generators that delegate to it. */
  async throw(error: unknown): Promise<IteratorResult<Event, undefined>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #take(): Promise<IteratorResult<Event, undefined>> {
    try {
      const event = this.#isEnded ? undefined : await this.step();
      if (event !== undefined && !this.#isEnded) return { value: event, done: false };
    } catch (error) {
      // What it was ended for says more than what a step fails on because of that.
      if (!this.#failure) throw error;
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    return { value: undefined, done: true };
  }
}
