/** The limits of keyed state on the main thread. */

/**
 * Memory that keys' states may take here and on the lanes, as it is reckoned: their bytes on both sides, and what holds
 * them. A hundred thousand small ones; keys beyond are read from the log again. At most this share of the heap.
 */
export const STATE_CACHE_BYTES = 128 * 1024 * 1024;
export const STATE_HEAP_SHARE = 8;

/** What a key's states take besides their bytes, on the main thread and on the lane that has them. */
export const STATE_KEY_BYTES = 800;

/** Keys looked at for each that comes while there are too many. */
export const STATE_SWEEP_STEPS = 4;

/** States of one batch: what does not fit is sent with the next one. */
export const STATE_CARGO_BYTES = 16 * 1024 * 1024;

/** Changed states that no commit has saved yet; lanes are given nothing more while there are so many. */
export const STATE_UNSAVED_BYTES = 64 * 1024 * 1024;

/** What a state takes in a store in memory besides its bytes. */
export const STORED_STATE_BYTES = 200;
