import { MAX_PAYLOAD_BYTES } from '../../limits.js';

/** Events of one segment at most: beyond this compression gains little, and reading one event costs more. */
export const MAX_SEGMENT_EVENTS = 1024;

/** Events of a segment that a small commit makes: 20 to 30 KB, so that one event of it is read in 10 µs. */
export const HOT_SEGMENT_EVENTS = 256;

/** Bytes of payloads and metadata after which a segment ends; a longer event has a segment of its own. */
export const SEGMENT_BYTES = 64 * 1024;

/** The same for a compressed one: 1,024 ordinary events. */
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

/** Names of one block, and bytes after which it ends. */
export const BLOCK_NAMES = 1024;
export const BLOCK_BYTES = 64 * 1024;

/** Name blocks that a reader keeps: a log's names are mostly read in the order in which they came. */
export const KEPT_BLOCKS = 64;

/** Bytes of one page of a run: four to a page of SQLite's, scanned in 2 µs. */
export const RUN_PAGE_BYTES = 1000;

/** Longest page of a run: names of one hash are never separated. */
export const MAX_RUN_PAGE_BYTES = 1024 * 1024;

/** Pages of a run are numbered on from this many times its own number. */
export const RUN_PAGES = 2 ** 24;

/** Highest number of a run, so that those of its pages are whole numbers. */
export const MAX_RUN = 2 ** 28;

/** Runs of one tier that are merged into one of the next: while commits come, and in a quiet moment. */
export const MERGE_RUNS = 8;
export const MERGE_RUNS_QUIET = 4;

/** Entries that are merged between two commits: about a millisecond of the writer's time. */
export const MERGE_PIECE = 2000;
