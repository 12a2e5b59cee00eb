import type { Time } from '../../kernel/time.js';
import type { TimerTicket } from '../../store/timer.js';
import { NEAR_TIMERS } from './limits.js';
import type { TimerFiring } from './timer-firing.js';
import type { TimerKeeper } from './timer-keeper.js';

/** What timers of the wall clock work with. */
export interface WallTimersParts {
  readonly keeper: TimerKeeper;
  readonly firing: TimerFiring;
  readonly time: Time;
  readonly hasRoom: () => boolean;
  /** Whether events of the key are unfinished. */
  readonly isBusy: (key: string) => boolean;
  /** A timer may be due. */
  readonly wake: () => void;
}

/** Fires timers when the wall clock says so: those that are late at once, as far as there is room. */
export class WallTimers {
  readonly #parts: WallTimersParts;
  #alarm: unknown;
  #alarmAt: number | undefined;
  /** What was unfinished when the log was opened is handled. */
  #isRecovered = false;
  /** Until then: due ones whose keys have older events, which may cancel them. */
  #behind: TimerTicket[] = [];
  /** Keys of those: what is due behind one of them waits as well, or it would come before it. */
  readonly #held = new Set<string>();
  /** Keys that had none when their first timer was due. */
  readonly #clear = new Set<string>();
  #stopped = false;

  constructor(parts: WallTimersParts) {
    this.#parts = parts;
  }

  /** Fires what is due, and waits for what is next. */
  advance(): void {
    const { keeper, time } = this.#parts;
    if (this.#stopped || keeper.isIdle) return;
    const now = time.now();
    if ((keeper.next ?? Number.POSITIVE_INFINITY) <= now) this.#fireUntil(now);
    this.#wait(now);
  }

  /** What was unfinished when the log was opened is handled. */
  recovered(): void {
    this.#isRecovered = true;
    this.#clear.clear();
    this.#held.clear();
    for (const ticket of this.#behind.splice(0)) this.#parts.keeper.putBack(ticket);
    this.advance();
  }

  stop(): void {
    this.#stopped = true;
    this.#disarm();
  }

  #fireUntil(now: number): void {
    const { keeper, firing, hasRoom } = this.#parts;
    while (hasRoom() && this.#behind.length < NEAR_TIMERS) {
      const ticket = keeper.due(now);
      if (!ticket) return;
      if (this.#mustWait(ticket)) this.#behind.push(ticket);
      else firing.fire(ticket);
    }
  }

  #mustWait(ticket: TimerTicket): boolean {
    if (this.#isRecovered) return false;
    const key = this.#parts.keeper.keyNameOf(ticket);
    if (this.#clear.has(key)) return false;
    if (!this.#held.has(key) && !this.#parts.isBusy(key)) {
      this.#clear.add(key);
      return false;
    }
    this.#held.add(key);
    return true;
  }

  /** For what is due and has no room, room is made by what ends. */
  #wait(now: number): void {
    const { keeper, time, wake } = this.#parts;
    const { next } = keeper;
    if (next === this.#alarmAt) return;
    this.#disarm();
    if (next === undefined || next <= now) return;
    this.#alarmAt = next;
    this.#alarm = time.alarm(() => {
      this.#alarmAt = undefined;
      wake();
    }, next);
  }

  #disarm(): void {
    if (this.#alarmAt !== undefined) this.#parts.time.clear(this.#alarm);
    this.#alarmAt = undefined;
  }
}
