/** Years in which numeric times are plausible: in a wrong unit they lie outside, or all in early 1970. */
export const PLAUSIBLE_YEARS: readonly [first: number, last: number] = [1970, 2100];

/** No market is silent for so long. Between two units in one column the gap is half a century. */
export const EPOCH_GAP_YEARS = 10;

/** Characters of a header name in a message; a wrong file may have cells of megabytes. */
export const SHOWN_CELL_CHARACTERS = 40;
