import { MAX_CSV_BYTES } from '../../limits.js';

/**
 * Bytes that one file of candles may have, and what all that is packed in one file may unpack to: a parsed row takes
 * several times its text in memory. It is the bound against files that unpack to gigabytes.
 */
export const MAX_CANDLE_BYTES = MAX_CSV_BYTES;

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

/**
 * Bytes that the pages of a Parquet file may unpack to. Twice what its cells may take: they have levels and dictionaries as
 * well, and times as texts are longer than eight bytes.
 */
export const MAX_PARQUET_PAGE_BYTES = 2 * MAX_CSV_BYTES;

/** Seconds in which a Parquet file must be read: thirty times what the largest takes on two busy cores. */
export const PARQUET_SECONDS = 120;

/** MiB of heap of the thread that reads one: three times what the cells of the largest take as texts. */
export const PARQUET_HEAP_MIB = 2048;

/** Markets of one run: each is looked at at each time, and has a column of its own in a result. */
export const MAX_MARKETS = 256;
