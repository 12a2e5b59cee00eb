/**
 * Bytes that one file of candles may have, and what all that is packed in one file may unpack to: a parsed row takes
 * several times its text in memory. It is the bound against files that unpack to gigabytes.
 */
export { MAX_CSV_BYTES as MAX_CANDLE_BYTES } from '../../limits.js';

/** Files in one zip: an exchange's archive has one, and a year of days 366. */
export const MAX_ZIP_ENTRIES = 4096;

/** Rows that are looked at to tell the order of columns without names: one candle that is not flat tells it. */
export const ORDER_SAMPLE_ROWS = 500;

/** Faulty rows, and gaps, that a report names one by one. The others are counted. */
export const REPORTED_FAULTS = 20;

/** Levels of a JSON document that are searched for the rows: providers wrap them in up to four. */
export const JSON_SEARCH_DEPTH = 5;

/** Part of a price by which a high may lie below the close, or a low above it: adjusted prices are rounded one by one. */
export const ROUNDING_TOLERANCE = 1e-6;

/** Markets of one run: each is looked at at each time, and has a column of its own in a result. */
export const MAX_MARKETS = 256;
