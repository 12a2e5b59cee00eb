/** Limits of the engine's own parts, each with its reason; see `src/limits.ts` for all others. */

/** Bytes of heap that a name takes, and the share of the heap that names may take: a quarter. */
export const NAME_BYTES = 300;
export const NAME_HEAP_SHARE = 4;

/** Characters of a name that take about as much memory as everything else that is kept of it. */
export const NAME_WEIGHT_CHARACTERS = 128;

/** Names looked at for each event while there are too many: more than one event can bring. */
export const NAME_SWEEP_STEPS = 8;
