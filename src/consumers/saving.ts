import { CONSUMER_FLUSH_EVENTS, CONSUMER_FLUSH_MS } from './limits.js';
import type { Noted } from './link.js';
import type { ConsumedLog } from './log.js';

/** Has a consumer's record go along with the next commit of the engine, and makes one when none comes soon. */
export class Saving {
  readonly #log: () => Pick<ConsumedLog, 'consumerLink' | 'time' | 'hub'>;
  /** Events that were done since a commit was made for them. */
  #unsent = 0;
  #timer: unknown;

  constructor(log: () => Pick<ConsumedLog, 'consumerLink' | 'time' | 'hub'>) {
    this.#log = log;
  }

  /** There is something to store. @param events so many more are done. */
  note(record: Noted, events = 0): void {
    const { consumerLink, time } = this.#log();
    consumerLink.note(record);
    this.#unsent += events;
    if (this.#unsent >= CONSUMER_FLUSH_EVENTS) this.#send();
    this.#timer ??= time.background(() => {
      this.#timer = undefined;
      this.#send();
    }, CONSUMER_FLUSH_MS);
  }

  /** Resolves when everything so far is stored. @throws EngineFailedError */
  async flushed(): Promise<void> {
    const { consumerLink, hub } = this.#log();
    consumerLink.due();
    await hub.flushed();
  }

  end(): void {
    this.#log().time.clear(this.#timer);
    this.#timer = undefined;
  }

  #send(): void {
    const { consumerLink, hub } = this.#log();
    this.#unsent = 0;
    consumerLink.due();
    hub.flush();
  }
}
