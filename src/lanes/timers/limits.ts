/** The limits of timers on lanes, and of what one event may ask for. */

/** Bytes of the events that one event schedules: as many as the largest payload has. They cross to the main thread at once. */
export const MAX_SCHEDULED_BYTES = 16 * 1024 * 1024;

/** Bytes of scheduled events after which a lane answers, though its turn is not over. */
export const LANE_TIMER_BYTES = 8 * 1024 * 1024;

/** Timers that one key may have pending. More of them are a list that should be a state. */
export const MAX_TIMERS_PER_KEY = 1000;
