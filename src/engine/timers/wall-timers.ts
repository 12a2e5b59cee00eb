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
  /** Whether events of the key wait in the log, from before the engine was opened. */
  readonly hasBacklog: (key: string) => boolean;
  /** Whether there are any such keys. */
  readonly isReplaying: () => boolean;
  /** A timer may be due. */
  readonly wake: () => void;
}

/** Fires timers when the wall clock says so: those that are late at once, as far as there is room. */
export class WallTimers {
  readonly #parts: WallTimersParts;
  #alarm: unknown;
  #alarmAt: number | undefined;
  /** Due ones whose keys have older events in the log: those may cancel them. */
  #behind: TimerTicket[] = [];
  #stopped = false;

  constructor(parts: WallTimersParts) {
    this.#parts = parts;
  }

  /** Fires what is due, and waits for what is next. */
  advance(): void {
    const { keeper, time, isReplaying } = this.#parts;
    if (this.#stopped || (keeper.isIdle && this.#behind.length === 0)) return;
    if (this.#behind.length > 0 && !isReplaying()) {
      for (const ticket of this.#behind) keeper.putBack(ticket);
      this.#behind = [];
    }
    const now = time.now();
    if ((keeper.next ?? Number.POSITIVE_INFINITY) <= now) this.#fireUntil(now);
    this.#wait(now);
  }

  stop(): void {
    this.#stopped = true;
    this.#clear();
  }

  #fireUntil(now: number): void {
    const { keeper, firing, hasRoom, hasBacklog, isReplaying } = this.#parts;
    while (hasRoom() && this.#behind.length < NEAR_TIMERS) {
      const ticket = keeper.due(now);
      if (!ticket) return;
      if (isReplaying() && hasBacklog(keeper.keyNameOf(ticket))) this.#behind.push(ticket);
      else firing.fire(ticket);
    }
  }

  /** For what is due and has no room, room is made by what ends. */
  #wait(now: number): void {
    const { keeper, time, wake } = this.#parts;
    const { next } = keeper;
    if (next === this.#alarmAt) return;
    this.#clear();
    if (next === undefined || next <= now) return;
    this.#alarmAt = next;
    this.#alarm = time.alarm(() => {
      this.#alarmAt = undefined;
      wake();
    }, next);
  }

  #clear(): void {
    if (this.#alarmAt !== undefined) this.#parts.time.clear(this.#alarm);
    this.#alarmAt = undefined;
  }
}
