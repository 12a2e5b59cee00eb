const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/**
 * Indexes 0 to `count - 1` in the order of their keys; equal keys stay in order. Radix sort from the lowest
 * digit: 200,000 keys take two milliseconds, where sorting packed numbers by comparison takes over twenty, in
 * which the writer would commit nothing.
 */
export function sortedIndexes(keys: Uint32Array, count: number): Uint32Array {
  let from = new Uint32Array(count);
  let to = new Uint32Array(count);
  let highest = 0;
  for (let index = 0; index < count; index++) {
    from[index] = index;
    const key = keys[index] as number;
    if (key > highest) highest = key;
  }
  for (let shift = 0; shift < 32 && highest >>> shift > 0; shift += DIGIT_BITS) {
    placeByDigit(keys, shift, from, to);
    [from, to] = [to, from];
  }
  return from;
}

function placeByDigit(keys: Uint32Array, shift: number, from: Uint32Array, to: Uint32Array): void {
  const starts = new Uint32Array(DIGITS + 1);
  const mask = DIGITS - 1;
  const count = from.length;
  // Counted loops without closures: this runs every few hundred milliseconds, seldom enough to meet the
  // baseline compiler, in which they take half the time of `for … of`.
  for (let at = 0; at < count; at++) {
    const after = (((keys[from[at] as number] as number) >>> shift) & mask) + 1;
    starts[after] = (starts[after] as number) + 1;
  }
  for (let digit = 0; digit < DIGITS; digit++) {
    starts[digit + 1] = (starts[digit + 1] as number) + (starts[digit] as number);
  }
  for (let at = 0; at < count; at++) {
    const index = from[at] as number;
    const digit = ((keys[index] as number) >>> shift) & mask;
    const place = starts[digit] as number;
    to[place] = index;
    starts[digit] = place + 1;
  }
}
