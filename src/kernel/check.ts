/** Whether a value is a whole number of a range. */
export function isWhole(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

/**
 * Whether it is a text that comes back from a store as it went in: not empty, at most so many bytes of UTF-8, and without
 * half a character, which UTF-8 cannot hold.
 */
export function isStorable(value: unknown, mostBytes: number): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= mostBytes &&
    value.isWellFormed() &&
    Buffer.byteLength(value) <= mostBytes
  );
}
