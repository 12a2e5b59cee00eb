/**
 * Every limit of Millrace, with its reason. A number that bounds a queue, a batch, a cache, a retry or a
 * wait is written here and nowhere else, so that one page answers "how big can it get?".
 */

/** Rows of one slab. A power of two, so that a row reference packs slab and row into one integer. */
export const SLAB_ROWS = 2048;

/** `SLAB_ROWS === 1 << SLAB_ROW_BITS`. */
export const SLAB_ROW_BITS = 11;

/** Payload bytes of one pooled slab: 2,048 rows of about 130 bytes, the size of an ordinary event. */
export const SLAB_BYTES = 272 * 1024;

/** Bytes that must be free in the open slab for it to count as room: an event of some size and its names. */
export const SLAB_HEADROOM = 16 * 1024;

/** Largest encoded payload plus metadata of one event. SQLite's own limit is 1 GB; nothing sane is near. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** Events of one synchronous run that share a reading of the clock. */
export const CLOCK_READS = 32;

/** Longest aggregate id or partition key in UTF-8 bytes: names are index keys, not documents. */
export const MAX_NAME_BYTES = 1024;

/** Longest `eventId` in bytes: an id of the caller's, such as a UUID and a word, not a document. */
export const MAX_EVENT_ID = 256;

/** Values in one payload, shared ones counted each time: 16 MiB hold fewer. */
export const MAX_PAYLOAD_VALUES = 8_388_608;

/** Nesting depth of a payload. Deeper data is nearly always a cycle through getters or a mistake. */
export const MAX_PAYLOAD_DEPTH = 64;

/** Registered event types of one engine: the type id is a 16-bit column of the batch. */
export const MAX_EVENT_TYPES = 65_535;

/** Highest version of the schema of an event type. */
export const MAX_TYPE_VERSION = 65_535;

/** Event types of one log, all names and versions that it has ever had. */
export const MAX_STORED_TYPES = 1_048_576;

/** Default bound of events accepted but not finished. 64 k is about 0.15 s of work at full speed. */
export const DEFAULT_MAX_IN_FLIGHT = 65_536;
export const MAX_MAX_IN_FLIGHT = 4_194_304;

/** Default bound of slab memory for events in flight. */
export const DEFAULT_MAX_IN_FLIGHT_BYTES = 96 * 1024 * 1024;

/** Shares of the two limits above at which the engine warns, and at which the warning is over. */
export const PRESSURE_AT = 0.8;
export const PRESSURE_RELIEVED_AT = 0.6;

/** Health by default: the thresholds of the Python original, and a WAL that some reader must be holding up. */
export const HEALTH_ERROR_RATE = 0.05;
export const HEALTH_LATENCY_MS = 1000;
export const HEALTH_WAL_BYTES = 1024 * 1024 * 1024;

/** Health is judged by what happened in this time: long enough for a rate, short enough to be news. */
export const HEALTH_WINDOW_MS = 10_000;

/** A busy engine looks at its health this often, which is also how exact the window is; an idle one never looks. */
export const HEALTH_CHECK_MS = 1000;

/** Slab references are 32-bit: 21 bits of slab, 11 bits of row. */
export const MAX_SLABS = 1 << 21;

/** Worker threads that run lane handlers. More than this on one machine is a typing error. */
export const MAX_THREADS = 256;

/** Overlapping async handlers on one lane. */
export const MAX_CONCURRENCY = 1024;

/** Batches in flight per lane: one running, one already in the thread's mailbox, so it never waits for us. */
export const BATCHES_IN_FLIGHT = 2;

/** Largest batch for a lane. Beyond 1,024 events the 40 µs cost of a Piscina task is already below 1 %. */
export const MAX_LANE_BATCH = 2048;

/** First batch of a lane whose handlers have not been measured yet: small, because they may be slow. */
export const FIRST_LANE_BATCH = 64;

/** A lane batch is worth about this much measured work, so that slow handlers spread evenly over lanes. */
export const LANE_BATCH_MILLISECONDS = 10;

/** Events of one key taken in one visit, so that one long queue does not fill a batch alone. */
export const KEY_VISIT = 64;

/** Commit messages under way to the writer: one being written, one waiting, so that it never idles. */
export const COMMITS_IN_FLIGHT = 2;

/** Rows after which the open batch is sent to the writer without waiting for the end of the tick. */
export const FLUSH_ROWS = 2048;

/** publishMany lets the event loop breathe after this many events, so that receipts and timers run. */
export const PUBLISH_MANY_YIELD = 4096;

/**
 * Events after which the writer indexes the tail of the log, in one sorted pass. Measured with 1,000 aggregates:
 * 50,000 cost twice as much an event as 200,000, and more than that gains little.
 */
export const INDEX_EVERY = 200_000;

/** Index entries written between two commits: about a millisecond of the writer's time. */
export const INDEX_PIECE = 500;

/** Positions whose predecessor in their aggregate is kept in memory; more than can wait for the index. */
export const TAIL_EVENTS = 1 << 19;

/** SQLite's page cache of the writing connection, in KiB. */
export const WRITER_CACHE_KIB = 32 * 1024;

/** Quiet time in milliseconds after which the writer indexes the tail and checkpoints. */
export const WRITER_IDLE_MS = 250;

/**
 * WAL pages (4 KiB each) that are not in the file yet, after which the checkpointer begins: 4 MiB. A commit's
 * fsync waits for what the checkpointer has written; 64 MiB at a time made p99 at half load 30 ms, this makes
 * it 10, at the same throughput.
 */
export const WAL_PAGES_MAX = 1024;

/** Pages that the writer moves itself, in about 2 ms, so that the WAL can begin anew. */
export const WAL_PAGES_LAST = 256;

/** WAL pages at which the writer checkpoints itself, however long commits wait: 512 MiB. */
export const WAL_PAGES_LIMIT = 131_072;

/** Numbered payload shapes of one log; msgpackr's own limit is 8,160. Payloads beyond are plain maps. */
export const MAX_SHAPES = 1024;

/** Shapes of one event type; a type with more has dynamic keys, and numbering those is no use. */
export const MAX_SHAPES_PER_TYPE = 8;

/** Positions of one stored progress chunk: 8,192 bits are a blob of 1 KiB, a quarter of a page. */
export const PROGRESS_CHUNK = 8192;

/**
 * Rows that a reader fetches with one finished statement, so that no iterator stops a checkpoint. Reading a log of
 * a million events, beside 512: 64 gave 0.73 of the rate, 256 0.85, 1,024 0.98. The event loop waits about a
 * millisecond for 512.
 */
export const READ_PAGE = 512;

/** Dead letters in one answer of `engine.deadLetters.list`. */
export const DEAD_LETTER_PAGE = 512;

/** Names (aggregate ids and partition keys) that are loaded at open; more are looked up when first used. */
export const NAMES_LOADED_AT_OPEN = 200_000;

/** Names that an engine without a file keeps, if the heap is large enough: one more is refused. With a file it keeps fewer. */
export const MAX_CACHED_NAMES = 1_000_000;

/** Names that one lane thread keeps decoded, 100 bytes each: decoding one again takes a third of a microsecond. */
export const MAX_LANE_NAMES = 65_536;

/** Bytes that a `memory` store keeps for `read`. Older events are dropped, and reading them says so. */
export const MEMORY_STORE_BYTES = 256 * 1024 * 1024;

/** Dead letters that a `memory` store keeps with their events; of more the oldest skipped ones are dropped. */
export const MAX_MEMORY_DEAD_LETTERS = 10_000;

/** Characters of a dead letter's error as JSON. Stacks and causes are bounded; messages may be of any length. */
export const MAX_DEAD_LETTER_CHARACTERS = 65_536;

/** Problems that `verifyStore` describes; more are counted. Nobody repairs by hand what has a hundred faults. */
export const MAX_VERIFY_PROBLEMS = 100;

/** SQLite's page cache while a store is verified, in KiB: index entries point all over the log. */
export const VERIFY_CACHE_KIB = 32 * 1024;

/** Emitted bytes of one lane batch; an event that would pass it fails with a coded error. */
export const MAX_EMITTED_BYTES = 256 * 1024 * 1024;

/** Highest number of retries of one event. */
export const MAX_RETRIES = 100;

/** First retry delay in milliseconds; each further one doubles, up to the maximum. */
export const RETRY_DELAY_MS = 10;
export const RETRY_DELAY_MAX_MS = 30_000;

/** Longest retry delay and handler timeout that may be asked for: a day. Timers wrap at 24.8 days. */
export const MAX_DELAY_MS = 86_400_000;

/** Share of a retry delay that is left to chance, so that keys that failed together do not return together. */
export const RETRY_JITTER = 0.2;

/** How long after its deadline a handler may still take to notice its signal, before its thread is ended. */
export const TIMEOUT_GRACE_MS = 250;

/** Events of a lane batch whose time until handled is looked at: enough for percentiles, too few to cost. */
export const HANDLED_SAMPLES = 16;

/** Keys that the search for hot ones keeps count of; the ones reported are far fewer. */
export const HOT_KEYS_TRACKED = 64;

/** Upper bounds of the latency histograms in Prometheus' format: from a fast fsync to a user who gave up. */
export const LATENCY_BUCKETS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Hot keys in a report. */
export const HOT_KEYS_SHOWN = 10;

/** Events that share one reading of the clock for their time until durable and handled. */
export const ACCEPT_CLOCK_READS = 32;

/** Times in a row that a lane may die without an event to blame, before the engine gives up. */
export const MAX_LANE_DEATHS = 5;

/** Stack text kept of an error that crosses a thread. */
export const MAX_STACK_CHARACTERS = 8192;

/** Causes followed when an error crosses a thread. */
export const MAX_ERROR_CAUSES = 4;

/**
 * Events in a row, each published by a subscriber of the one before, that a publisher delivers: a cycle would go
 * on for ever. Chains that people mean have a handful of links.
 */
export const MAX_PUBLISH_CHAIN = 100;

/** Events published by subscribers that wait to be delivered: as many as an engine holds unless told otherwise. */
export const MAX_PUBLISH_QUEUE = 65_536;

/** Event types that the error about a cycle shows from the end of the chain: more than any cycle has. */
export const PUBLISH_CHAIN_SHOWN = 12;

/** Subscriptions of one publisher or engine: one for each of 250,000 connections. More are forgotten ones. */
export const MAX_SUBSCRIPTIONS = 262_144;

/** Failures of subscribers that are kept, each with its event: enough to see what goes wrong. */
export const MAX_SUBSCRIBER_FAILURES = 256;

/** Events that wait to be tried again with a subscriber; each has a timer. One more is a failure at once. */
export const MAX_SUBSCRIBER_RETRIES = 16_384;

/** Characters of a pattern of event type names: names of that length are no names. */
export const MAX_PATTERN_CHARACTERS = 256;

/**
 * Calls of a subscriber that are measured: its first ones, then those of one event in so many. Two readings of the
 * clock cost up to 200 ns, which is a hundred calls of a small handler.
 */
export const SUBSCRIBER_SAMPLES_FIRST = 16;
export const SUBSCRIBER_SAMPLE_EVERY = 1024;

/** Largest CSV file of candles. Parsing takes eight times its size in memory; a year of minutes is 35 MB. */
export const MAX_CSV_BYTES = 128 * 1024 * 1024;

/** Candles of one set: 6 columns of 8 bytes each make this 2.4 GB, and row offsets stay exact integers. */
export const MAX_CANDLES = 50_000_000;

/** RSI lengths. 1 has no smoothing, and nobody waits years of candles for a first value. */
export const RSI_LENGTH_MIN = 2;
export const RSI_LENGTH_MAX = 1000;

/** Unfinished backtests per thread: enough that no lane waits for the next, few enough that Ctrl-C is quick. */
export const SWEEP_RUNS_AHEAD = 4;

/** Rows of a sweep's result table. */
export const SWEEP_BEST_ROWS = 10;

/** Shortest span that is annualised: over fewer days a growth rate explodes into meaningless digits. */
export const ANNUALISE_DAYS_MIN = 30;

/** Redraws of the progress bar are at least this far apart: 10 a second look smooth and cost nothing. */
export const PROGRESS_REDRAW_MS = 100;

/** Events of one traced story: what a person may still look at, and a bound for the memory of a tree. */
export const MAX_TRACED_EVENTS = 2000;

/** Events that `inspect` shows from the end of the log: one screen. */
export const INSPECT_LAST_EVENTS = 5;

/**
 * A second Ctrl-C ends the command at once, but only this long after the first: the terminal signals the whole
 * process group, and npm passes the same Ctrl-C on once more.
 */
export const SECOND_INTERRUPT_MS = 500;

/** Dead letters that `dead-letters list` shows unless told otherwise: a few screens. */
export const DEAD_LETTERS_LISTED = 100;

/** Characters of an error's message in a line of `dead-letters list`. */
export const DEAD_LETTER_LINE_CHARACTERS = 120;

/** Characters that `read` collects before it writes, because a system call per line is most of its time. */
export const READ_CHUNK_CHARACTERS = 65_536;

/** Keys whose events the subscribers of an event bus may have under way at once, unless told otherwise. */
export const DEFAULT_BUS_WORKERS = 4;

/** Events that a bus's subscribers are called for before the event loop goes round: a millisecond of quick ones. */
export const BUS_TURN_EVENTS = 512;

/** Events that an event bus publishes before it compares its own count of them with the engine's: 1 % of its time. */
export const BACKLOG_LOOK_EVENTS = 64;

/** Longest name of a module with handlers that ask for old events, in characters: a consumer of the log is named so. */
export const MAX_LATE_MODULE = 128;

/** Entries in one answer of `storage.processingLog`. */
export const PROCESSING_LOG_PAGE = 512;

/** Entries of the processing log, and failed events, that a bus without a store keeps; of more the oldest go. */
export const MAX_MEMORY_PROCESSING_ROWS = 10_000;
export const MAX_MEMORY_FAILED_EVENTS = 10_000;

/** Encoded bytes of a result that `markProcessed` notes: it is a note, not a document. */
export const MAX_RESULT_BYTES = 65_536;

/** Time between two samples of the CPU profiler: V8's own default, about 1 % of the CPU. */
export const PROFILE_INTERVAL_MICROS = 1_000;
export const PROFILE_INTERVAL_MICROS_MIN = 50;
export const PROFILE_INTERVAL_MICROS_MAX = 100_000;

/** Bytes between two samples of allocations: V8's own default is 32 KiB, and four times that costs little. */
export const PROFILE_HEAP_INTERVAL_BYTES = 131_072;

/** Frames of a sampled allocation. The handler's frame must be among them. */
export const PROFILE_STACK_DEPTH = 64;

/** Batches, commits and collections that one thread notes during a profile: 20,000 draw any timeline. */
export const PROFILE_MAX_SPANS = 20_000;

/** Readings of memory, and of queues: 50 a second show what a person can see. */
export const PROFILE_MEMORY_EVERY_MS = 100;
export const PROFILE_QUEUE_EVERY_MS = 20;

/** Queue readings of one profile; when there are more, every second one is left out and the pace is halved. */
export const PROFILE_MAX_QUEUE_READINGS = 4_096;

/** Length of a profile. It is held in memory until it is written; an hour of samples is 100 MB a thread. */
export const PROFILE_SECONDS = 10;
export const PROFILE_SECONDS_MAX = 3_600;

/** How long a thread may take to hand over its profile: it answers between two handlers. */
export const PROFILE_ANSWER_MS = 5_000;

/** How long a profile waits at its start for a thread: a busy one begins its own part when it gets to it. */
export const PROFILE_START_MS = 1_000;

/** Events that an EventSpy keeps unless told otherwise; counts go on. A test that looks at more reads the log. */
export const SPY_EVENTS = 10_000;

/** How long a test waits, and its engine's close: less than the 5 s after which test runners give up without a word. */
export const TEST_WAIT_MS = 2000;
export const TEST_CLOSE_MS = 4000;

/** How long a timeout's message waits for the list of dead letters: a store that hangs must not hold it back. */
export const TEST_REPORT_MS = 250;

/** Events, differing fields, and characters of a value in the message of a failed assertion: one screen. */
export const SHOWN_EVENTS = 20;
export const SHOWN_DIFFERENCES = 8;
export const SHOWN_CHARACTERS = 160;

/** Comparisons that aligning expected with published events may take; longer lists are aligned from the front. */
export const ALIGN_COMPARISONS = 1_000_000;

/** Largest heap whose objects are counted: its snapshot is a text of about three times that, and V8's texts end at 512 MB. */
export const LEAK_HEAP_MAX_BYTES = 160 * 1024 * 1024;

/** Objects of a constructor that must be more after every round before it is called a leak; less is noise. */
export const LEAK_GROWTH_MIN = 50;

/** Rounds of a search for leaks; each stops every thread for a snapshot. */
export const LEAK_ROUNDS_MAX = 20;

/** Nodes of one flame graph in a report: the heaviest 20,000 are more than a screen has pixels. */
export const REPORT_MAX_NODES = 20_000;

/**
 * Stretches of one thread that speedscope is given in their order; where there are more, only their sums. An hour has
 * millions, and the file of all threads must stay below the 512 MB that a text can have.
 */
export const REPORT_MAX_STRETCHES = 200_000;

/** Readings of one thread's memory in a report's page: more than its chart has pixels. */
export const REPORT_MAX_READINGS = 1_000;

/** Change from one profile to another that counts as one, unless told otherwise: runs of the same load differ by less. */
export const PROFILE_DIFF_THRESHOLD = 0.1;

/** Events below which a handler's cost per event is chance: at the usual pace of sampling few of them were seen. */
export const PROFILE_DIFF_MIN_EVENTS = 100;
