import { compareTimers, type StoredTimer, type TimerTicket } from '../../store/timer.js';

/** What has become of a timer that the store does not know. */
export interface UnsavedTimer {
  /** Undefined: it is gone. */
  readonly timer: StoredTimer | undefined;
  /** Number of the commit that it was given; 0 for none yet. */
  commit: number;
}

/** The pending timers of one key in use. */
export class KeyTimers {
  /** Number and text of the key's name. */
  readonly key: number;
  readonly keyName: string;
  /** By name. */
  readonly tickets = new Map<string, TimerTicket>();
  /** Of those that have changed, by name. */
  readonly unsaved = new Map<string, UnsavedTimer>();

  constructor(key: number, keyName: string) {
    this.key = key;
    this.keyName = keyName;
  }

  /** The one whose turn it is, of those that pass. */
  first(passes: (ticket: TimerTicket) => boolean): TimerTicket | undefined {
    let first: TimerTicket | undefined;
    for (const ticket of this.tickets.values()) {
      if ((first === undefined || compareTimers(ticket, first) < 0) && passes(ticket)) first = ticket;
    }
    return first;
  }
}
