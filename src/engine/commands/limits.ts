/** The limits of commands on the main thread. */

/** Commands and queries in flight at once, before callers wait: enough for every lane to have full batches. */
export const MAX_COMMANDS = 16_384;

/** Bytes of their inputs, before callers wait: as for the largest ones of a few hundred callers. */
export const MAX_COMMAND_BYTES = 64 * 1024 * 1024;

/**
 * Times that a command decides again because something else was appended to its aggregate while it decided. Each time somebody
 * else has got on; who is behind them a hundred times has an aggregate that others write to without a pause.
 */
export const MAX_COMMAND_RUNS = 100;

/** Lanes that may die of a command alone before it fails: the first death may have been an accident. */
export const MAX_COMMAND_DEATHS = 2;

/** Lanes that may die of nothing known while they have a query before it fails: it may be what they die of. */
export const MAX_UNKNOWN_QUERY_DEATHS = 10;

/** Snapshots that no commit has been given yet; what comes beyond is dropped, and made again after as many events more. */
export const SNAPSHOT_UNSAVED_BYTES = 32 * 1024 * 1024;
/**
 * Commands of handlers that the desk has at a time: as many as keep every lane busy. The others wait in order, and none of
 * them for room: what would have to make it may wait for them.
 */
export const MAX_SENT_AT_DESK = 1024;

/** Commands of handlers in memory, and bytes of their inputs, above which lanes are given no more events. */
export const MAX_SENT = 16_384;
export const MAX_SENT_BYTES = 64 * 1024 * 1024;

/** Commands of handlers that are read from the log at once: enough for every lane, whatever their inputs are. */
export const SENT_PAGE = 256;

/** When a command of a handler that failed is tried again: for a second and a half or so, then it is held. */
export const SENT_RETRIES = 7;

/**
 * Held commands that are listed and can be tried again at once, without their inputs. What is held beyond stays in the log, and
 * the next open tries it.
 */
export const MAX_HELD_COMMANDS = 10_000;
