import { MAX_PAYLOAD_BYTES } from '../limits.js';

/** Events that are written at once, between which a signal is looked at and progress is told: some 20 ms. */
export const EXPORT_PIECE = 2048;

/** Bytes of payloads and metadata after which a piece ends earlier: a log of large ones is not held in memory. */
export const EXPORT_PIECE_BYTES = 4 * 1024 * 1024;

/** Rows of one row group of a Parquet file: what its readers skip at a time, and what is held while it is made. */
export const PARQUET_GROUP_ROWS = 65_536;

/** And characters of JSON in it. */
export const PARQUET_GROUP_CHARACTERS = 64 * 1024 * 1024;

/** Bytes of the beginning of a file by which an export is known. */
export const EXPORT_HEAD_BYTES = 65_536;

/**
 * Longest line of an import: an event of the largest payload, of which each byte may be written as six characters, in
 * metadata and data.
 */
export const MAX_IMPORT_LINE_BYTES = 12 * MAX_PAYLOAD_BYTES;

/** Names that an import keeps in memory; others it looks up in what it has written. As many as an engine keeps. */
export const IMPORT_NAMES = 1_000_000;

/** Pages of the WAL of an import after which it is moved into the file. */
export const IMPORT_WAL_PAGES = 4096;
