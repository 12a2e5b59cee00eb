/** The limits of commands on lanes, and of what they and the main thread tell each other of them. */

/** Longest `commandId` in bytes: the ids of its events are it and a number, within the limit of those. */
export const MAX_COMMAND_ID = 200;

/**
 * Newest events of an aggregate whose commands are known by their ids on its lane, as many as `append` looks through: who
 * asks again does so after seconds.
 */
export const COMMAND_ID_WINDOW = 256;

/**
 * Aggregates whose states one lane keeps: all of a usual program's busy ones. A cold one is read from the log again, which
 * takes as long as its events, or those behind its snapshot, are many.
 */
export const LANE_AGGREGATES = 50_000;

/** Share of its heap that a lane may have in use before it keeps no states but those at work. */
export const LANE_AGGREGATE_HEAP_SHARE = 0.7;

/** Commands between two looks at the heap: reading its figures takes as long as a few commands. */
export const LANE_HEAP_LOOKS = 256;

/** Snapshots of one aggregate's definition that a lane tells to be impossible: they all have the same reason. */
export const SNAPSHOT_REFUSALS_TOLD = 3;

/** Bytes of events and replies after which a lane answers, though its turn is not over. */
export const COMMAND_ANSWER_BYTES = 4 * 1024 * 1024;

/** Aggregates looked at for each that comes while there are too many: more than one. */
export const SWEEP_STEPS = 4;

/** Half of all numbers of orders: what is farther from another one is before it. */
export const MAX_NUMBERS_BETWEEN = 2 ** 31;

/** Bytes of the names of a handler's command, of its event and of its trace together: several of the longest ids. */
export const MAX_SENT_NAMES = 32 * 1024;

/** Commands that the handlers of one event may send: more of them are a loop, or a list that should be one input. */
export const MAX_SENT_PER_EVENT = 1000;

/** What a handler's command takes in its lane's answer beside its input, in bytes, about. */
export const SENT_OVERHEAD = 400;
