/** Limits of the event bus alone; what other rooms share lies in `src/limits.ts`. */

/**
 * A call of a subscriber that has been under way for so many milliseconds takes up no worker while other keys wait:
 * long beside an ordinary call, short beside the patience of whoever waits for the other keys.
 */
export const WORKER_HELD_MS = 1000;

/** Calls under way at once, those that take up no worker included: where so many wait in vain, one more will, too. */
export const MAX_CALLS_UNDER_WAY = 64;

/**
 * Share of the queue that must stand behind other events of its own key before it is taken out of the queue. Each
 * line is looked at for that, so it has to bring more than it costs.
 */
export const SHED_SHARE = 1 / 8;

/** Positions of events that wait in the log behind their keys: 32 MB in the worst case. */
export const MAX_HELD_BACK = 4_194_304;

/** A bus in memory holds the events themselves back: so many times as many as wait in its queue. */
export const MEMORY_HELD_BACK_QUEUES = 4;

/** Events of one key that come back from the log at once, and the number left at which more are fetched. */
export const REFILL_EVENTS = 512;
export const REFILL_BELOW = 64;

/** Positions in one block of what a key holds back. */
export const HELD_BACK_BLOCK = 8192;

/**
 * Changes of a bus (tries, failed events) that wait for the engine's commits before its subscribers are called for no
 * more: many times what a commit takes, so that only a disk that cannot keep up is waited for.
 */
export const MAX_UNSTORED_CHANGES = 65_536;

/** Subscribers that health names: a line that a person reads. */
export const SLOW_CALLS_SHOWN = 3;
