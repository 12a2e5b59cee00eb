import { MAX_PAYLOAD_BYTES } from '../../limits.js';

/**
 * Events of a segment as a commit makes it: about 5 KB, of which one event is read at twice the cost of a row. Beside 256,
 * which takes 60 % longer for that, writing costs 5 % more and reading the log 8 %.
 */
export const HOT_SEGMENT_EVENTS = 64;

/** Events of a packed segment, and of any: beyond this compression gains little, and reading one event costs more. */
export const MAX_SEGMENT_EVENTS = 1024;

/** Bytes of payloads and metadata after which a segment ends; a longer event has a segment of its own. */
export const SEGMENT_BYTES = 64 * 1024;

/** The same for a packed one: 1,024 ordinary events. */
export const PACKED_BYTES = 4 * SEGMENT_BYTES;

/** Longest body of a segment: one event of the largest size, or full ones, and its columns. */
export const MAX_BODY_BYTES = MAX_PAYLOAD_BYTES + 2 * PACKED_BYTES;

/** Types that a segment lists; one with more lists none, and is read whenever one of any type is wanted. */
export const LISTED_TYPES = 64;

/** Longest list of types, in bytes: five for each. */
export const MAX_TYPES_BYTES = 5 * LISTED_TYPES;

/** Segments whose bytes a reader keeps, and how many bytes of them: histories come back to the same ones. */
export const KEPT_SEGMENTS = 32;
export const KEPT_BYTES = 4 * 1024 * 1024;

/** Events that are looked at for one page of some types: about a millisecond, after which others have their turn. */
export const TYPED_PAGE_EVENTS = 8192;

/** Names of one block, and bytes after which it ends. */
export const BLOCK_NAMES = 1024;
export const BLOCK_BYTES = 64 * 1024;

/** Name blocks that a reader keeps: a log's names are mostly read in the order in which they came. */
export const KEPT_BLOCKS = 64;

/** Bytes of one page of a run: four to a page of SQLite's, scanned in 2 µs. */
export const RUN_PAGE_BYTES = 1000;

/** Longest page of a run: names of one hash are never separated. */
export const MAX_RUN_PAGE_BYTES = 1024 * 1024;

/** Pages of a run, which are numbered on from this many times its own number: four billion values of a byte each. */
export const RUN_PAGES = 2 ** 22;

/** Highest number of a run, so that those of its pages are whole numbers. */
export const MAX_RUN = 2 ** 30;

/** Runs of one tier that are merged into one of the next: while commits come, and in a quiet moment. */
export const MERGE_RUNS = 8;
export const MERGE_RUNS_QUIET = 4;

/** Entries that are merged between two commits: about a millisecond of the writer's time. */
export const MERGE_PIECE = 2000;

/** Newest events that are not packed: one event of a packed segment is read at five times the cost, or more. */
export const PACK_BEHIND = 1_048_576;

/** Time between two packs of 1,024 events while events come: at most 2 % of a core. */
export const PACK_PAUSE_MS = 25;

/** Time until it is looked again for segments to pack when none were worth it. */
export const PACK_PAUSE_IDLE_MS = 1000;
