/** Whether a value is a whole number of a range. */
export function isWhole(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}
