import { MAX_DEAD_LETTER_CHARACTERS, MAX_NAME_BYTES, MAX_PAYLOAD_BYTES } from '../limits.js';

// What a file may hold is measured before it is read: each limit is the most that an engine writes.

/** Payloads and metadata in one page; four of the longest. A page with more ends before them. */
export const READ_PAGE_BYTES = 4 * MAX_PAYLOAD_BYTES;

/** Longest text of an error: UTF-8 takes at most three bytes for a character of JavaScript. */
export const MAX_ERROR_BYTES = 3 * MAX_DEAD_LETTER_CHARACTERS;

/** Longest list of handler modules or subscribers in one row, in bytes. */
export const MAX_HANDLERS_BYTES = 1024 * 1024;

/** Longest list of the owners of one dead letter, in bytes: at most every consumer of the log, as JSON. */
export const MAX_OWNERS_BYTES = 4 * 1024 * 1024;

/** Longest list of an event type's volatile fields, or of a shape's keys: the keys of one payload. */
export const MAX_KEYS_BYTES = MAX_PAYLOAD_BYTES;

/** Longest name of an event type, and of anything else that is short. */
export const MAX_WORD_BYTES = 64 * MAX_NAME_BYTES;

/** Longest SQL of a table, index, view or trigger that is compared with ours; ours are a tenth of it. */
export const MAX_SCHEMA_SQL_BYTES = 65_536;

/**
 * Consumers of one log. Each reads the whole log on the main thread, so dozens are many; what is above this is a name
 * made anew at each start.
 */
export const MAX_CONSUMERS = 256;

/** Longest state of one key that a log has: those of lanes end at 1 MiB. */
export const MAX_STORED_STATE_BYTES = 1024 * 1024;

/** Longest notes of a snapshot: the ids of 256 commands, and which objects of its state are frozen or the same. */
export const MAX_SNAPSHOT_NOTES_BYTES = 8 * 1024 * 1024;

/** Bytes of snapshots that a log in memory keeps: thousands of usual ones. It reads the events of the others. */
export const MEMORY_SNAPSHOT_BYTES = 64 * 1024 * 1024;

/** States that are read at once when all of them are. */
export const STATE_PAGE = 256;

/** Timers that are read at once when all of them are. */
export const TIMER_PAGE = 256;

/**
 * Bytes that the states of all keys may take in a log in memory, which keeps all of them: those of a million keys of some
 * hundred bytes each. What would bring more is its event's failure.
 */
export const MEMORY_STATE_BYTES = 512 * 1024 * 1024;

/** Longest names of a handler's command in its row, in bytes: ids of the longest aggregates, and a trace. */
export const MAX_COMMAND_FACTS_BYTES = 64 * 1024;

/** Handlers' commands that are read at once when all of them are. */
export const COMMAND_PAGE = 256;

/** Names that a reader keeps decoded: all of a log of which it was given all. */
export const READER_NAMES = 262_144;

/** SQLite's page cache of the connection that packs, in KiB: it reads each page once. */
export const PACKER_CACHE_KIB = 2048;
