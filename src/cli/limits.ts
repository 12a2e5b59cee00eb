/** Characters of a payload in a line of `inspect`: what fits on a screen beside the event's place. */
export const INSPECT_PAYLOAD_CHARACTERS = 160;

/** Characters of an aggregate id in `inspect`. */
export const INSPECT_ID_CHARACTERS = 80;

/** Rows that decide how wide the columns of an answer are; those behind them are fitted in. */
export const SQL_WIDTH_ROWS = 200;

/** Rows of an answer that are printed as a table, unless `--limit` says how many: a screen holds fifty. */
export const SQL_TABLE_ROWS = 1000;

/** Narrowest that a column becomes so that a row fits the terminal. */
export const SQL_CELL_CHARACTERS = 8;
