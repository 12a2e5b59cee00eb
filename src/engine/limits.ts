/** Limits of the engine's own room, each with its reason; those that others share stand in `src/limits.ts`. */

/** Bytes of heap that a name takes, and the share of the heap that names may take: a quarter. */
export const NAME_BYTES = 300;
export const NAME_HEAP_SHARE = 4;

/**
 * Names that have an entry, while there is a file: 24 MB with UUIDs, and as much for the collector to go through. As many as
 * events may be in flight; those that are pinned may be more.
 */
export const ACTIVE_NAMES = 65_536;

/** Share of the limit by which entries must have grown before all are looked at once more: most were pinned the last time. */
export const NAME_ROUND_SHARE = 1 / 4;

/**
 * Names without an entry of which an engine with a file knows number and version all the same, and their bytes: a UUID takes 64,
 * and 8 for its place in the table. More names would save more questions to the file, and take more memory.
 */
export const IDLE_NAMES = 524_288;
export const IDLE_NAME_BYTES = 32 * 1024 * 1024;

/** Bytes of memory that such names take at a time: room for 16,000 UUIDs. */
export const IDLE_CHUNK_BYTES = 1024 * 1024;

/** Characters of a name that take about as much memory as everything else that is kept of it. */
export const NAME_WEIGHT_CHARACTERS = 128;

/** Names looked at for each event while there are too many: more than one event can bring. */
export const NAME_SWEEP_STEPS = 8;

/**
 * Share of `maxInFlight` that events read from the log again may take, 0 to 1: what is old and what is new get on
 * side by side, whichever there is more of.
 */
export const FEED_SHARE = 0.5;

/** Passes through the log at a time, each for all keys that were resumed together: a slow key holds up one of them. */
export const RESUME_PASSES = 4;

/** Failures that a PublishManyError lists; of more it knows the number. Nobody reads more than a thousand. */
export const MAX_PUBLISH_FAILURES = 1000;

/** Health by default: a handler that takes half a minute for one event is stuck, or somebody should know of it. */
export const HEALTH_STALLED_MS = 30_000;

/** Handlers that are called stalled by name; of more their number is told. */
export const HEALTH_STALLED_SHOWN = 3;

/**
 * Bytes that events which wait share: room for dozens of usual payloads, and little to hold for one that waits long,
 * as in Node.js' own pool for small buffers.
 */
export const SHELF_BYTES = 8192;

/**
 * Newest events of an aggregate that `append` looks through for the ids of its own: who asks again does so after seconds, and
 * this is one page of an index, read in a fraction of a millisecond.
 */
export const APPEND_ID_WINDOW = 256;

/**
 * Positions of an aggregate's newest events that a lane is told for each page that it reads of them. With more of them the
 * lane looks through the newest part of the file once, which then takes less than telling all of them again and again.
 */
export const HISTORY_TAIL = 4096;
