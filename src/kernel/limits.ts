/** Limits of what all rooms stand on: errors as they cross a thread and reach the store, and blocks of numbers. */

/** Characters of a message, a name or a code: enough for any that a person reads, and several fit a dead letter. */
export const MAX_ERROR_TEXT = 8192;

/** Errors that one error is encoded as: itself, its causes, and the parts of an AggregateError. */
export const MAX_ERROR_PARTS = 16;

/** Fields of an error's details: ours have at most six. */
export const MAX_ERROR_DETAILS = 32;

/** Characters shown of a stored error that is not readable. */
export const DAMAGED_TEXT_CHARACTERS = 200;

/** Bytes of one block of `SparseNumbers`: small beside a page of names, large beside the entry that finds it. */
export const SPARSE_BLOCK_BYTES = 65_536;

/**
 * Longest sleep before the wall clock is looked at again: it may be set meanwhile, the machine may sleep, and a timer of
 * Node's ends at 2^31 milliseconds.
 */
export const LONGEST_SLEEP_MS = 60_000;
