import type { Time } from '../../kernel/time.js';
import { KeyPlace } from '../../lanes/key-state.js';
import { UNBEGUN_MILLISECONDS } from '../../lanes/limits.js';
import type { LaneScheduler } from '../../lanes/scheduler.js';
import type { NameEntry } from '../sequence/directory.js';
import type { LaneCrew } from './lane-crew.js';
import type { LaneSeat } from './lane-seat.js';

/** What the balance needs of its owner. */
export interface BalanceEvents {
  keyOf(reference: number): NameEntry;
  /** Rows have been taken back. Returns those that are to wait for a lane again. */
  taken(rows: readonly number[]): readonly number[];
  /** Some wait. */
  ready(): void;
}

/**
 * Gives an idle lane what another one was sent and has not begun, when a handler that does not let go, or as many as
 * may overlap, have kept it from that for a while. Looks only while one lane is idle and another one has a mailbox.
 */
export class LaneBalance {
  readonly #crew: LaneCrew;
  readonly #scheduler: LaneScheduler;
  readonly #time: Time;
  readonly #events: BalanceEvents;
  #timer: unknown;

  constructor(crew: LaneCrew, scheduler: LaneScheduler, time: Time, events: BalanceEvents) {
    this.#crew = crew;
    this.#scheduler = scheduler;
    this.#time = time;
    this.#events = events;
  }

  /** Lanes have been given all that they could take. */
  watch(): void {
    if (this.#timer !== undefined || this.#crew.seats.length < 2 || !this.#isUneven) return;
    this.#timer = this.#time.set(() => {
      this.#timer = undefined;
      this.#look();
    }, UNBEGUN_MILLISECONDS);
  }

  stop(): void {
    this.#time.clear(this.#timer);
  }

  get #isUneven(): boolean {
    // What is queued does not count: it was offered to every lane, and stands behind what another one has of its key.
    let idle = false;
    let busy = false;
    for (const seat of this.#crew.seats) {
      if (seat?.state !== 'open') continue;
      if (this.#scheduler.hasMail(seat.number)) busy = true;
      else if (!seat.retiring && seat.suspects.length === 0) idle = true;
    }
    return idle && busy;
  }

  #look(): void {
    if (!this.#isUneven) return;
    let back = 0;
    for (const seat of this.#crew.seats) if (seat?.state === 'open') back += this.#lookAt(seat);
    if (back > 0) this.#events.ready();
    this.watch();
  }

  /** Takes back what a lane has kept since the last look at it. Returns how many events. */
  #lookAt(seat: LaneSeat): number {
    const oldest = seat.sent.oldestUnbegun;
    const isKept = oldest !== undefined && oldest === seat.oldestSeen;
    seat.oldestSeen = oldest;
    if (!isKept) return 0;
    const { keyOf } = this.#events;
    // What stands behind an event that the lane has begun cannot run elsewhere before that has ended.
    const begun = new Set(seat.sent.begun.map(keyOf));
    const rows = seat.sent.takeBack(
      (key) => !begun.has(key) && key.place !== KeyPlace.Waiting && key.place !== KeyPlace.Parked,
    );
    this.#scheduler.givenBack(this.#events.taken(rows), keyOf);
    return rows.length;
  }
}
