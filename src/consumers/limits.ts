/** Limits of consumers, each with its reason; the most that a log may have stands in `src/store/limits.ts`. */

/** Events that a consumer has read and not begun: a page, so that reading and handling overlap. */
export const CONSUMER_QUEUE = 512;

/** Bytes of such events above which no further page is read: few pages of large payloads. */
export const CONSUMER_QUEUE_BYTES = 8 * 1024 * 1024;

/** Events of one key that come back from the log at once, after they had to wait there. */
export const CONSUMER_RELOAD = 64;

/**
 * Events and milliseconds that a consumer may take before the event loop goes round: handlers that never wait would
 * keep commits, lanes and the other consumers from being served.
 */
export const CONSUMER_TURN_EVENTS = 256;
export const CONSUMER_TURN_MS = 10;

/**
 * What a consumer is done with goes along with the next commit; when there is none for so many milliseconds, or after
 * so many events, a commit is made for it. It is what a killed process may have handled again.
 */
export const CONSUMER_FLUSH_MS = 20;
export const CONSUMER_FLUSH_EVENTS = 1024;

/** Events of one consumer that run at once: as many as subscribers of a bus, and few enough to be held in memory. */
export const MAX_CONSUMER_CONCURRENCY = 256;

/** Failed events that are kept for one consumer. More parked ones mean that the handler itself is broken. */
export const MAX_CONSUMER_FAILURES = 1024;

/** Longest name of a consumer, in characters: it is a label of metrics, and a line of `millrace inspect`. */
export const MAX_CONSUMER_NAME = 128;

/**
 * How long a call that ends handlers waits for them, in milliseconds, after their signals have aborted. It is long for
 * the end of one event's work, and shorter than the patience of a process manager that has asked a program to end.
 */
export const CONSUMER_END_MS = 10_000;

/** Threads of a consumer that may die in a row before they have begun an event: then its module is what ends them. */
export const MAX_THREAD_DEATHS = 5;
