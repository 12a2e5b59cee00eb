/** Open orders of one strategy. Each is looked at in each candle: a grid of hundreds is usual, of thousands a mistake. */
export const MAX_OPEN_ORDERS = 10_000;

/** Log lines of one run. A line per candle of a year of minutes would be half a million. */
export const MAX_LOG_LINES = 10_000;

/** Characters of one log line. */
export const MAX_LOG_CHARACTERS = 1000;

/** Names that a strategy may record values under: each is a column as long as the candles. */
export const MAX_PLOTS = 32;

/** Indicator columns that a thread keeps for the runs to come, in bytes. 32 columns of a million candles. */
export const INDICATOR_CACHE_BYTES = 256 * 1024 * 1024;

/** Candles between two looks at the clock of a run with a time budget. 1,024 cost some ten microseconds. */
export const BUDGET_CHECK_CANDLES = 1024;

/** Characters of a strategy id that is made of parameters; a longer one ends in a hash. */
export const MAX_STRATEGY_ID_CHARACTERS = 120;

/** Runs of a sweep without `--yes`: ten million are a mistyped grid or days of work. */
export const MAX_SWEEP_RUNS = 10_000_000;

/** Rows of a sweep that are kept for `results`; of a larger sweep only the best are, and the log has all. */
export const SWEEP_RESULT_ROWS = 10_000;

/** Values of one parameter of a grid. */
export const MAX_GRID_VALUES = 1_000_000;

/** Steps of the curves that the log has of each run: a screen is not wider, and 1,024 are 1 to 4 kB each. */
export const CURVE_POINTS = 1024;

/** Curves are rounded to the power of ten that is a millionth of the initial capital, and of the largest price, or less. */
export const CURVE_DIGITS = 6;

/**
 * Runs of a sweep whose curves are compared for the probability of overfitting: 12,870 splits of a thousand runs take
 * about a second, and their curves some megabytes until then.
 */
export const OVERFITTING_MAX_RUNS = 1000;

/** Bytes of its newest events that a sweep without a store keeps: the first and the last of each run, which it takes as they come. */
export const SWEEP_LOG_BYTES = 8 * 1024 * 1024;
