import { MillraceError } from './errors.js';

/** A handler scheduled or cancelled a timer with a time or a name that cannot be one. Its event has failed. */
export class InvalidTimerError extends MillraceError {
  static override readonly code = 'MILLRACE_INVALID_TIMER';
}

/** A key would have more pending timers than it may. The event that scheduled them has failed. `details` has `key` and `limit`. */
export class TooManyTimersError extends MillraceError {
  static override readonly code = 'MILLRACE_TOO_MANY_TIMERS';
}
