import { BACKLOG_LOOK_EVENTS } from '../limits.js';
import type { HeldBack } from './held-back.js';
import type { Journal } from './journal.js';

/**
 * How many events wait for subscribers, the ones that are not durable yet included, and the ones that are held back
 * behind their keys left out: those take no room in the queue. Asking the engine for its last
 * position costs as much as publishing an event, so it is counted here, and corrected by what the engine says now and
 * then: handlers on lanes emit, and others publish to the engine itself.
 */
export class Backlog {
  readonly #journal: Journal;
  readonly #held: HeldBack;
  #lastPosition = 0;
  #entered = 0;

  constructor(journal: Journal, held: HeldBack) {
    this.#journal = journal;
    this.#held = held;
    this.look();
  }

  get size(): number {
    return this.#lastPosition - this.#journal.processing.finished - this.#held.size;
  }

  /** The bus has published an event. */
  entered(): void {
    this.#lastPosition++;
    if (++this.#entered % BACKLOG_LOOK_EVENTS === 0) this.look();
  }

  /** Asks the engine. */
  look(): void {
    this.#lastPosition = this.#journal.engine.stats().lastPosition;
  }

  /** The engine has handed out the event at a position. */
  durable(position: number): void {
    if (position > this.#lastPosition) this.#lastPosition = position;
  }
}
