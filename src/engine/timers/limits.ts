/** The limits of timers on the main thread. */

/** Tickets of the nearest timers that are kept in memory; the rest stays in the file. Some 150 bytes each. */
export const NEAR_TIMERS = 8192;

/** Tickets of keys in use, and the keys themselves: which timers each has. Keys beyond are read from the file again. */
export const KEY_TIMERS = 20_000;

/** Keys looked at for each that comes while there are too many. */
export const KEY_SWEEP_STEPS = 4;

/** Bytes of scheduled events that no commit has saved yet; lanes are given nothing more while there are so many. */
export const UNSAVED_TIMER_BYTES = 64 * 1024 * 1024;

/** What a timer takes beside its event's bytes while it is not saved. */
export const UNSAVED_TIMER_OVERHEAD = 400;
