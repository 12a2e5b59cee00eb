import { randomUUID } from 'node:crypto';

/**
 * Which keys the events of a run have. `orders`: each key is new and has `each` events, in the order of its making, with
 * `OPEN_ORDERS` of them under way at a time.
 */
export interface KeyPlan {
  readonly kind: 'uniform' | 'zipf' | 'orders';
  readonly keys: number;
  readonly each?: number;
  /** Whether the names are random UUIDs, as real ids are, and not short ones in a row. */
  readonly uuids?: boolean;
}

/** Aggregates of `orders` that have had their first event and not yet their last. */
const OPEN_ORDERS = 50_000;

/** Exponent of the Zipf runs: the hottest of 100,000 keys gets about every eighth event. */
export const ZIPF_EXPONENT = 1.1;

/** The key of each event as an index, drawn before the clock starts. The same seed draws the same keys. */
export function drawKeys(plan: KeyPlan, count: number, seed = 1): Uint32Array {
  const random = makeRandom(seed);
  const drawn = new Uint32Array(count);
  if (plan.kind === 'orders') return inTurns(plan, drawn);
  const pick = plan.kind === 'zipf' ? zipf(plan.keys) : (chance: number) => Math.floor(chance * plan.keys);
  for (let index = 0; index < count; index++) drawn[index] = pick(random());
  return drawn;
}

/** Groups of orders one after the other; within a group each order's first event, then each one's second, and so on. */
function inTurns({ keys, each = 1 }: KeyPlan, drawn: Uint32Array): Uint32Array {
  const open = Math.min(OPEN_ORDERS, keys);
  for (let index = 0; index < drawn.length; index++) {
    const group = Math.floor(index / (open * each));
    drawn[index] = (group * open + (index % open)) % keys;
  }
  return drawn;
}

/** Names are made before the clock starts: gluing strings together is no part of what is measured. */
export function keyNames(plan: KeyPlan, prefix = 'order'): readonly string[] {
  if (plan.uuids)
    return Array.from({ length: plan.keys }, () => Buffer.from(randomUUID()).toString('latin1'));
  // Flat strings, as they come from JSON or a socket: concatenated ones would be flattened under the clock.
  return Array.from({ length: plan.keys }, (_, index) =>
    Buffer.from(`${prefix}-${String(index).padStart(6, '0')}`).toString('latin1'),
  );
}

export function describeKeys({ kind, keys, uuids }: KeyPlan): string {
  if (uuids) return `${keys.toLocaleString('en')} UUIDs`;
  return kind === 'zipf'
    ? `Zipf(${ZIPF_EXPONENT}) of ${keys.toLocaleString('en')}`
    : keys.toLocaleString('en');
}

/** Numbers in [0, 1) from a seed (mulberry32): benches must not differ from run to run in what they do. */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function zipf(keys: number): (chance: number) => number {
  const cumulative = new Float64Array(keys);
  let sum = 0;
  for (let rank = 0; rank < keys; rank++) {
    sum += 1 / (rank + 1) ** ZIPF_EXPONENT;
    cumulative[rank] = sum;
  }
  return (chance) => {
    const wanted = chance * sum;
    let low = 0;
    let high = keys - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulative[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
