import type { DomainEvent } from '../events/domain-event.js';
import { toError } from '../kernel/thrown.js';
import type { Subscription } from '../publisher/subscription.js';
import type { Journal } from './journal.js';

/** What a feed needs of the bus. */
export interface FeedEvents {
  /** The engine has made an event durable; it may still have to wait for its turn. */
  heard(position: number): void;
  /** Takes the next event of the log, if there is room for it. */
  offer(event: DomainEvent): boolean;
  /** Who waits for the engine may go on. */
  woken(): void;
  failed(error: Error): void;
}

/**
 * Hands the durable events of a log to the bus: each one once, in position order, and not more of them than there is
 * room for. While it keeps up it takes events as the engine commits them (`live`). What came before it began, and what
 * it had no room for, it reads from the log (`reading`), so a flood waits in the log and not in memory.
 */
export class Feed {
  readonly #journal: Journal;
  readonly #events: FeedEvents;
  readonly #subscription: Subscription;
  /** The position to hand out next. */
  #next = 1;
  #state: 'live' | 'reading' | 'waiting' | 'stopped' = 'waiting';
  #room: (() => void) | undefined;

  constructor(journal: Journal, events: FeedEvents) {
    this.#journal = journal;
    this.#events = events;
    this.#subscription = journal.engine.subscribeAll((event) => this.#hear(event));
    this.wake();
  }

  /** Looks into the log if there is something that was not handed out: after a restart or `engine.recover()`. */
  wake(): void {
    this.#events.woken();
    if (this.#state === 'live' && this.#next <= this.#journal.engine.stats().durable) this.#state = 'waiting';
    if (this.#state !== 'waiting') return;
    this.#state = 'reading';
    void this.#read();
  }

  /** There may be room again. */
  roomy(): void {
    const room = this.#room;
    this.#room = undefined;
    room?.();
  }

  stop(): void {
    this.#state = 'stopped';
    this.#subscription.unsubscribe();
    this.roomy();
  }

  #hear(event: DomainEvent): void {
    this.#events.heard(event.position);
    if (this.#state === 'live' && event.position === this.#next && this.#events.offer(event)) {
      this.#next++;
      return;
    }
    // Too full, or an event was missed while the engine recovered: what is durable can be read.
    if (this.#state === 'live') this.#state = 'waiting';
    this.wake();
  }

  async #read(): Promise<void> {
    try {
      while (this.#state === 'reading') {
        await this.#readToEnd();
        this.#goLive();
      }
    } catch (error) {
      if (this.#state === 'stopped') return;
      // A failed engine may recover; the next event or the next start goes on from here.
      this.#state = 'waiting';
      if (this.#journal.engine.stats().state === 'open') this.#events.failed(toError(error));
    }
  }

  async #readToEnd(): Promise<void> {
    for await (const event of this.#journal.unfinished(this.#next)) {
      while (this.#state === 'reading' && !this.#events.offer(event)) {
        await new Promise<void>((resolve) => {
          this.#room = resolve;
        });
      }
      if (this.#state !== 'reading') return;
      this.#next = event.position + 1;
    }
  }

  /** Nothing can be committed between this look at the log's end and the next event that the engine hands out. */
  #goLive(): void {
    const { durable } = this.#journal.engine.stats();
    if (this.#state !== 'reading' || this.#journal.processing.nextUnfinished(this.#next) <= durable) return;
    this.#next = durable + 1;
    this.#state = 'live';
  }
}
