/**
 * What a child is told.
 *
 * @typedef {object} Orders
 * @property {string} store
 * @property {'disk' | 'os'} durability
 * @property {number} threads
 * @property {number} publishers how many publish at the same time
 * @property {number} bulk events of one publishMany; 1: each event alone
 * @property {number} bytes of each payload
 * @property {number} keys of the events
 * @property {number} concurrency handlers that may overlap on a thread
 * @property {number} wait milliseconds that a handler waits, at most; 0: none waits for the clock
 * @property {number} firstNumber numbers the events; no number is used twice in a store
 * @property {number} endNumber publishing ends before it
 * @property {boolean} close whether it closes the engine then, or stays idle
 * @property {number} [clients] how many ask for commands at the same time; none when left out
 * @property {readonly number[]} [again] commands that clients of an earlier process were not answered
 * @property {number} cold events that another engine publishes first and hands on, for this one to pack
 * @property {number} [packBehind] newest events that are not packed; as many as ever when left out
 */

/** @typedef {'opening' | 'open' | 'replied' | 'published' | 'packing'} Report what a child says of itself. */

/**
 * When a child is ended: so many milliseconds after the first report of a kind, or as it is about to make the n-th of its
 * system calls that change a file.
 *
 * @typedef {{ readonly after: Report, readonly delay: number }
 *   | { readonly call: number }} Ending
 */

/**
 * One kill: what the child does, and when it is ended.
 *
 * @typedef {object} Round
 * @property {string} style
 * @property {Omit<Orders, 'store' | 'firstNumber' | 'endNumber' | 'again'> & { readonly events: number }} orders
 * @property {Ending} ending
 * @property {boolean} recover whether the store is recovered and checked before the next kill
 */

/**
 * Random numbers from 0 to 1 that follow from a seed (mulberry32).
 *
 * @param {number} seed
 * @returns {() => number}
 */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SMALL = {
  publishers: 12,
  bulk: 1,
  bytes: 40,
  keys: 31,
  concurrency: 1,
  wait: 0,
  cold: 0,
  events: 1e6,
  close: false,
};

/**
 * How a round may go, how often, and what of the store is under way when the child is killed.
 *
 * @type {readonly { readonly style: string, readonly weight: number, readonly delay: number,
 *   readonly after: Report, readonly orders: Omit<Round['orders'], 'durability' | 'threads'> }[]}
 */
const STYLES = [
  // Commits of a few events each, answers and retries between them.
  { style: 'steady', weight: 6, after: 'open', delay: 300, orders: SMALL },
  // The creation of the file, or the recovery of what an earlier kill left.
  { style: 'opening', weight: 6, after: 'opening', delay: 70, orders: SMALL },
  // Clients that ask for commands, and ask again for what a killed process has not answered.
  {
    style: 'commands',
    weight: 6,
    after: 'replied',
    delay: 400,
    orders: { ...SMALL, publishers: 3, clients: 24 },
  },
  // Handlers that wait for up to 20 ms, 64 of them at a time: answers by the event, in another order than events came.
  {
    style: 'waiting',
    weight: 4,
    after: 'open',
    delay: 400,
    orders: { ...SMALL, publishers: 4, bulk: 50, keys: 200, concurrency: 64, wait: 20 },
  },
  // Payloads that are larger than a page: the WAL grows by megabytes, and checkpoints run all the time.
  { style: 'large', weight: 3, after: 'open', delay: 600, orders: { ...SMALL, bytes: 16_000 } },
  // Transactions of thousands of events.
  { style: 'bulk', weight: 2, after: 'open', delay: 400, orders: { ...SMALL, publishers: 2, bulk: 3000 } },
  // Idle after so many events that the writer has an index pass to do.
  {
    style: 'index',
    weight: 1,
    after: 'published',
    delay: 450,
    orders: { ...SMALL, publishers: 1, bulk: 10_000, bytes: 0, events: 75_000 },
  },
  // Drained, indexed, checkpointed, and the WAL deleted.
  {
    style: 'closing',
    weight: 2,
    after: 'published',
    delay: 60,
    orders: { ...SMALL, publishers: 4, bulk: 500, events: 6000, close: true },
  },
];

/** Some forty segments. */
const COLD = 40_000;

/** Cold segments are packed one after the other, by a writer that is idle or has commits between. */
const PACKING = [
  {
    style: 'packing',
    after: /** @type {const} */ ('packing'),
    delay: 60,
    orders: { ...SMALL, publishers: 0, cold: COLD, events: 0, packBehind: 0 },
  },
  {
    style: 'packing beside',
    after: /** @type {const} */ ('packing'),
    delay: 150,
    orders: { ...SMALL, clients: 4, cold: COLD, packBehind: 0 },
  },
];

/** Each style as often as its weight says. */
const DRAWN = STYLES.flatMap((style) => Array.from({ length: style.weight }, () => style));

/**
 * @param {() => number} random
 * @param {'disk' | 'os'} durability
 * @param {boolean} isLast of its store
 * @returns {Round}
 */
export function planRound(random, durability, isLast) {
  // More than half of them, because the packing may be over before the kill.
  const styles = random() < 0.65 ? PACKING : DRAWN;
  const chosen = styles[Math.floor(random() * styles.length)];
  if (!chosen) throw new Error('There is no style.');
  return {
    style: chosen.style,
    orders: { ...chosen.orders, durability, threads: random() < 0.5 ? 1 : 2 },
    ending: { after: chosen.after, delay: random() * chosen.delay },
    // A store that is not recovered meets the next kill in the state that this one left.
    recover: isLast || random() < 0.4,
  };
}
