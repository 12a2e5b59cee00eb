/** Length of the time that is in at least one of the spans. */
export function unionOf(spans: readonly { readonly start: number; readonly end: number }[]): number {
  let sum = 0;
  let covered = Number.NEGATIVE_INFINITY;
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    sum += Math.max(0, end - Math.max(start, covered));
    covered = Math.max(covered, end);
  }
  return sum;
}
