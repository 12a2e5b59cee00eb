/** Bytes that are asked for at a time from what has no size: a pipe hands over 64 KiB at most. */
export const READ_PIECE_BYTES = 65_536;

/**
 * Largest `session.json` and `summary.json` that is read: 256 threads whose span logs are full make 60 MB. Parsed,
 * JSON takes up to ten times its size.
 */
export const MAX_REPORT_JSON_BYTES = 64 * 1024 * 1024;

/** Largest `.cpuprofile` or `.heapprofile` that is read: V8's texts end at 512 MB, and an hour of samples is 100 MB. */
export const MAX_PROFILE_BYTES = 384 * 1024 * 1024;
