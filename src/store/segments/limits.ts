import { MAX_PAYLOAD_BYTES } from '../../limits.js';

/**
 * Events of a segment as a commit makes it: about 5 KB, of which one event is read at twice the cost of a row. Beside 256,
 * which takes 60 % longer for that, writing costs 5 % more and reading the log 8 %.
 */
export const HOT_SEGMENT_EVENTS = 64;

/** Events of any segment: packed ones of earlier versions had so many. */
export const MAX_SEGMENT_EVENTS = 1024;

/**
 * Events of a packed segment. Of 1,024 reading one event takes twice as long and more, and reading the whole log 6 % less; see
 * docs/decisions/03-segments.md.
 */
export const PACKED_EVENTS = 256;

/** Events of the segments that one transaction packs: about as much as a commit under load. */
export const PACK_EVENTS = 1024;

/** Bytes of payloads and metadata after which a segment ends; a longer event has a segment of its own. */
export const SEGMENT_BYTES = 64 * 1024;

/** The same for a packed one, which may be one of a commit by itself. */
export const PACKED_BYTES = SEGMENT_BYTES;

/** Longest body of a segment: one event of the largest size, or full ones, and its columns. */
export const MAX_BODY_BYTES = MAX_PAYLOAD_BYTES + 8 * SEGMENT_BYTES;

/** Types that a segment lists; one with more lists none, and is read whenever one of any type is wanted. */
export const LISTED_TYPES = 64;

/** Longest list of types, in bytes: five for each. */
export const MAX_TYPES_BYTES = 5 * LISTED_TYPES;

/**
 * Bytes of segments that a reader keeps as they are once they are decompressed, which is four fifths of what reading one
 * far event takes: 100 to 200 full ones, so that a history of so many far events that is read again costs a tenth.
 */
export const KEPT_BYTES = 16 * 1024 * 1024;

/** Events of one segment that are read each by itself; of more all columns are read at once. */
export const ROWS_ALONE = 8;

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

/** Bits that a reader keeps of each name of a run: of a thousand new names one is looked up in a run. */
export const FILTER_BITS = 16;

/** Bytes of all of them, those of 32 million names; a run for which there is no room is asked for each name. */
export const FILTERS_BYTES = 64 * 1024 * 1024;

/** Pages of runs that a look-up reads for them: about a tenth of a millisecond, until all are known. */
export const FILTER_PAGES = 16;

/** Values that take about as long as what is done once for their entry; together they are a step. */
export const VALUES_A_STEP = 16;

/** Steps that removing a page of a run takes. */
export const STEPS_A_PAGE = 8;

/** Steps of index work in one transaction: about five milliseconds of the writer's time, for which a commit waits. */
export const INDEX_STEPS = 32_768;

/**
 * Events that may be in no run yet: what looking through them, and knowing their names, costs. Before a commit that
 * would pass it the writer does pieces of the index until there is room.
 */
export const INDEX_LAG = 400_000;

/** Newest events that are not packed: one event of a packed segment is read at three times the cost. */
export const PACK_BEHIND = 1_048_576;

/** Time between two packs of 1,024 events while events come: at most 2 % of a core. */
export const PACK_PAUSE_MS = 25;

/** Time until it is looked again for segments to pack when none were worth it. */
export const PACK_PAUSE_IDLE_MS = 1000;
