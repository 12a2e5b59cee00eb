import type { DomainEvent } from '../events/domain-event.js';
import type { Held, HeldBack } from './held-back.js';
import type { Journal } from './journal.js';
import { REFILL_EVENTS } from './limits.js';

/** What brings events back does with them, and what it has to know. */
export interface RefillEvents {
  /** Puts an event of a key at the end of the queue. */
  load(key: string, event: DomainEvent): void;
  /** How many events the queue has room for. */
  room(): number;
  failed(error: Error): void;
}

/** Brings events that were held back into the queue again: those of all keys that want some in one pass over the log. */
export class Refill {
  readonly #journal: Journal;
  readonly #held: HeldBack;
  readonly #events: RefillEvents;
  readonly #wanted = new Set<string>();
  #isFetching = false;
  #stopped = false;

  constructor(journal: Journal, held: HeldBack, events: RefillEvents) {
    this.#journal = journal;
    this.#held = held;
    this.#events = events;
  }

  /** A key has few events left in the queue. */
  want(key: string): void {
    if (this.#held.isFetching(key)) return;
    this.#wanted.add(key);
    this.wake();
  }

  /** Goes on, also after a failure of the engine. */
  wake(): void {
    if (this.#isFetching || this.#stopped || this.#wanted.size === 0) return;
    this.#isFetching = true;
    // Whoever wants some in this turn is served in one pass.
    setImmediate(() => void this.#fetchAll());
  }

  stop(): void {
    this.#stopped = true;
  }

  async #fetchAll(): Promise<void> {
    try {
      while (this.#wanted.size > 0 && !this.#stopped) await this.#fetch();
    } catch (error) {
      // A failed engine may recover; the next event, drain or start goes on from here.
      if (!this.#stopped && this.#journal.engine.stats().state === 'open')
        this.#events.failed(error as Error);
    } finally {
      this.#isFetching = false;
    }
  }

  async #fetch(): Promise<void> {
    const keys = [...this.#wanted];
    this.#wanted.clear();
    // One each, however full the queue is: their keys have nothing else there, or nearly so.
    const share = Math.floor(this.#events.room() / 2 / keys.length);
    const most = Math.min(REFILL_EVENTS, Math.max(1, share));
    const fetched = new Map(keys.map((key) => [key, this.#held.fetch(key, most)] as const));
    try {
      await this.#load(fetched);
    } catch (error) {
      // What did not come must not be lost: it is wanted as before.
      for (const [key, entries] of fetched) {
        if (entries.length > 0) this.#held.unshift(key, entries);
        this.#wanted.add(key);
      }
      throw error;
    } finally {
      for (const key of keys) this.#held.fetched(key);
    }
  }

  /** Empties `fetched` as its events come. */
  async #load(fetched: Map<string, readonly Held[]>): Promise<void> {
    const keyOf = new Map<number, string>();
    for (const [key, entries] of fetched) {
      for (const entry of entries) {
        if (typeof entry === 'number') keyOf.set(entry, key);
        else this.#events.load(key, entry);
      }
    }
    const events: [string, DomainEvent][] = [];
    for await (const event of this.#journal.pick([...keyOf.keys()].sort((a, b) => a - b))) {
      events.push([keyOf.get(event.position) as string, event]);
    }
    fetched.clear();
    if (this.#stopped) return;
    for (const [key, event] of events) this.#events.load(key, event);
  }
}
