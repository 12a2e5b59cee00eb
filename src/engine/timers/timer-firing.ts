import type { RegisteredType } from '../../events/registry.js';
import { EngineFailedError } from '../../kernel/errors.js';
import { toError } from '../../kernel/thrown.js';
import type { StoredTimer, TimerTicket } from '../../store/timer.js';
import type { Notices } from '../watch/notices.js';
import type { TimerKeeper } from './timer-keeper.js';

/** What firing works with. */
export interface FiringParts {
  readonly keeper: TimerKeeper;
  readonly notices: Notices;
  /** By stored type id. */
  readonly types: readonly (RegisteredType | undefined)[];
  /** Gives a timer's event its place in the log. @throws what refuses it; nothing has changed then. */
  readonly publish: (timer: StoredTimer) => void;
}

/** Publishes timers' events. What is appended and that its timer is gone are one transaction. */
export class TimerFiring {
  readonly #parts: FiringParts;

  constructor(parts: FiringParts) {
    this.#parts = parts;
  }

  fire(ticket: TimerTicket): void {
    const { keeper, publish } = this.#parts;
    try {
      publish(keeper.timerOf(ticket));
    } catch (error) {
      if (error instanceof EngineFailedError) throw error;
      this.#refuse(ticket, toError(error));
      return;
    }
    keeper.fired(ticket);
  }

  /** It stays where it is: the next open tries it again. */
  #refuse(ticket: TimerTicket, error: Error): void {
    const { keeper, notices, types } = this.#parts;
    keeper.refused(ticket);
    const { name, at, type } = ticket;
    const key = keeper.keyNameOf(ticket);
    notices.send({ kind: 'timer-held', key, name, at, type: types[type]?.type ?? '', error });
  }
}
