import { LANE_TURN_LOOKS, LANE_TURN_MILLISECONDS } from './limits.js';

/**
 * How long a lane has worked in this turn of its event loop, and in all. The clock is read about once a millisecond:
 * after each event when events are slow, after `LANE_TURN_LOOKS` when they are quick.
 */
export class TurnClock {
  #turnBegan = 0;
  #lookedAt = 0;
  #interval = LANE_TURN_LOOKS;
  #left = LANE_TURN_LOOKS;
  #worked = 0;
  #workBegan: number | undefined;

  /** Milliseconds worked so far. */
  get worked(): number {
    return this.#worked + (this.#workBegan === undefined ? 0 : performance.now() - this.#workBegan);
  }

  /** Work begins, in a new turn or in the same one as the last. */
  begin(newTurn: boolean): void {
    const now = performance.now();
    this.#workBegan = now;
    this.#lookedAt = now;
    this.#left = this.#interval;
    if (newTurn) this.#turnBegan = now;
  }

  end(): void {
    this.#worked = this.worked;
    this.#workBegan = undefined;
  }

  /** An event was begun. Whether the turn has been long enough. */
  isOver(): boolean {
    if (--this.#left > 0) return false;
    const now = performance.now();
    const elapsed = now - this.#lookedAt;
    this.#interval = Math.max(
      1,
      Math.min(LANE_TURN_LOOKS, Math.floor(this.#interval / Math.max(elapsed, 0.001))),
    );
    this.#lookedAt = now;
    this.#left = this.#interval;
    return now - this.#turnBegan >= LANE_TURN_MILLISECONDS;
  }
}
