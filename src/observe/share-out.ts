/**
 * Shares out a batch's time among its types by what one event of each took.
 *
 * @param types triples of stored type, events, and milliseconds of the event that was timed.
 */
export function shareOut(
  milliseconds: number,
  types: Float64Array,
  add: (type: number, events: number, milliseconds: number) => void,
): void {
  let total = 0;
  for (let at = 0; at < types.length; at += 3) total += (types[at + 1] as number) * (types[at + 2] as number);
  for (let at = 0; at < types.length; at += 3) {
    const [id, count, sample] = types.subarray(at, at + 3) as unknown as [number, number, number];
    add(id, count, total > 0 ? (milliseconds * count * sample) / total : (milliseconds * 3) / types.length);
  }
}
