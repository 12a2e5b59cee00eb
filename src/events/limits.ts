/** The limits of definitions. */

/** Definitions inside a schema that are looked at before it is called too deep to be checked again. */
export const MAX_SCHEMA_PARTS = 10_000;

/** Keys of an object whose order is kept, at most: more of them are data of their own, and a node for each costs more than to sort. */
export const CANONICAL_KEYS = 256;

/** Keys kept in lists of keys whose canonical order is known, on each thread: about 200 bytes for each. */
export const CANONICAL_STEPS = 10_000;
