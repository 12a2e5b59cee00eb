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

/** Snapshots that no commit has been given yet; what comes beyond is dropped, and made again after as many events more. */
export const SNAPSHOT_UNSAVED_BYTES = 32 * 1024 * 1024;
