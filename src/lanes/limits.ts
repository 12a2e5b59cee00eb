/** The limits of lanes, beside those of the whole engine in `src/limits.ts`. */

/**
 * How long a lane works before it answers and lets its event loop go round: twice what a batch is worth, so that
 * batches whose cost is known are answered whole, and one whose cost was not does not keep its answers for long.
 */
export const LANE_TURN_MILLISECONDS = 20;

/** Events between two looks at the clock, at most; slow ones are looked at one by one. */
export const LANE_TURN_LOOKS = 64;

/** Rows of a batch for a lane whose handlers wait, at least; else as many as handlers may overlap there. */
export const MAILBOX_ROWS = 16;

/** Share of a lane's events that wait, above which batches are sized by overlap instead of by work. */
export const WAITING_SHARE = 0.25;

/** Events of a key under way behind one that waits: enough that the next one is there when it ends. */
export const ROWS_BEHIND_WAITING = 8;

/**
 * How long a lane may keep the same batch in its mailbox, in milliseconds, before an idle lane is given what it has
 * not begun. Longer than a batch is worth; two of these and a batch are below 50.
 */
export const UNBEGUN_MILLISECONDS = 15;

/** Numbers of sendings begin anew after so many: they must fit the claim column with their sign. */
export const MAX_TICKETS = 2 ** 30;

/**
 * Events of a key that run ahead of their numbers as one batch in deterministic mode: at first, and at most. More at
 * once costs less an event, and more to send again where a handler emits what is handled itself.
 */
export const FIRST_KEY_RUN = 16;
export const MAX_KEY_RUN = 1024;

/**
 * Memory of a lane's thread for young objects in MiB, unless `resourceLimits` says otherwise: three parts of 16, as Node.js had it
 * up to 24. Node.js 26 takes twice as much, 30 MB more for each lane, to collect less often what is garbage at once.
 */
export const LANE_YOUNG_MIB = 48;
