import { defineAggregate } from 'millrace/aggregates';
import { defineEvent } from 'millrace/define';
import { z } from '#zod';

export const Stepped = defineEvent('ledger.stepped', {
  schema: z.object({ ledger: z.string(), n: z.number(), how: z.string() }),
  aggregateId: ({ ledger }) => ledger,
});
/** Of no aggregate's state. */
export const Remarked = defineEvent('ledger.remarked', {
  schema: z.object({ ledger: z.string() }),
  aggregateId: ({ ledger }) => ledger,
});

export const LEDGER_EVENTS = [Stepped, Remarked];

/**
 * @typedef {{ n: number }} Box
 * @typedef {{
 *   sum: number, count: number, list: Box[], one: Box | null, other: Box | null, part: Box | null, refused: number,
 *   at: Date | null, odd?: unknown, bytes?: Uint8Array | undefined, raw?: Uint8Array | undefined, positions: number[], weight: number
 * }} Ledger
 */

/** @type {Record<string, (state: Ledger, n: number, position: () => number) => void>} */
const HOW = {
  add: (state, n) => {
    state.list.push({ n });
    if (state.list.length > 5) state.list.shift();
  },
  same: (state, n) => {
    state.one = { n };
    state.other = state.one;
    state.list.push(state.one);
  },
  poke: (state, n) => {
    if (state.one && !Object.isFrozen(state.one)) state.one.n += n;
  },
  freeze: (state, n) => {
    state.part = Object.freeze({ n });
  },
  freezeSame: (state) => {
    state.part = state.one && Object.freeze(state.one);
  },
  thaw: (state, n) => {
    state.part = { n };
  },
  touch: (state, n) => {
    try {
      if (state.part) state.part.n = n;
    } catch {
      state.refused++;
    }
  },
  time: (state, n) => {
    state.at = new Date(n);
  },
  position: (state, _n, position) => {
    state.positions.push(position());
  },
  bytes: (state, n) => {
    state.bytes = Uint8Array.of(n & 255, 7, 8);
  },
  raw: (state, n) => {
    state.raw = Buffer.from([n & 255, 9]);
  },
  sameBytes: (state) => {
    state.raw = state.bytes;
  },
  /** Without a snapshot: what is written to the one is in both. */
  partOfBytes: (state) => {
    state.raw = state.bytes?.subarray(1);
  },
  write: (state, n) => {
    for (const bytes of [state.bytes, state.raw]) bytes?.set([n & 255]);
  },
  odd: (state) => {
    state.odd = new Map([[1, 2]]);
  },
  zero: (state) => {
    state.odd = [-0, null, 2n ** 60n, 'ä'];
  },
  even: (state) => {
    delete state.odd;
  },
  broken: () => {
    throw new RangeError('evolve is broken');
  },
};

/** With a time of its own, so that it may be in a deterministic log. */
const stepped = (/** @type {string} */ ledger, /** @type {number} */ n, /** @type {string} */ how) =>
  Stepped({ ledger, n, how }, { occurredAt: 1000 + n });

/** All that a command can see of a state. @param {Ledger} state */
function seen({ one, other, part, list, odd, ...state }) {
  return JSON.stringify([
    state,
    ...[one, other, part, list],
    [one !== null && one === other, one !== null && list.includes(one), one !== null && one === part],
    [one, other, part, list, ...list].map((each) => each !== null && Object.isFrozen(each)),
    odd instanceof Map ? [...odd] : Array.isArray(odd) ? [Object.is(odd[0], -0), String(odd[2])] : typeof odd,
  ]);
}

export const HOWS = Object.keys(HOW);

/** @param {{ version?: number, snapshotEvery?: number, weight?: number }} options */
export function ledger({ weight = 1, ...options } = {}) {
  return defineAggregate('ledger', {
    ...options,
    events: [Stepped],
    initial: () =>
      /** @type {Ledger} */ ({
        ...{ sum: 0, count: 0, list: [], one: null, other: null, part: null, refused: 0 },
        ...{ at: null, positions: [], weight },
      }),
    evolve: (state, event) => {
      const { n, how } = event.data;
      const next = { ...state, sum: state.sum + n * weight, count: state.count + 1 };
      HOW[how]?.(next, n, () => event.position);
      return next;
    },
    commands: {
      step: (state, /** @type {{ n: number, how?: string }} */ { n, how = 'add' }, ctx) => {
        ctx.emit(stepped(ctx.aggregateId, n, how));
        return seen(state);
      },
      many: (state, /** @type {{ n: number, hows: string[] }} */ { n, hows }, ctx) => {
        for (const how of hows) ctx.emit(stepped(ctx.aggregateId, n, how));
        return seen(state);
      },
      later: async (state, /** @type {{ n: number, hows: string[] }} */ { n, hows }, ctx) => {
        await Promise.resolve();
        for (const how of hows) ctx.emit(stepped(ctx.aggregateId, n, how));
        return seen(state);
      },
      look: (state, /** @type {undefined} */ _, ctx) => [ctx.version, seen(state)],
      refuse: (state, /** @type {undefined} */ _, ctx) => ctx.refuse('no', seen(state)),
      exit: (_state, /** @type {undefined} */ _) => process.exit(3),
    },
  });
}

const given = new URL(import.meta.url).searchParams;
const numbers = [...given].map(([name, value]) => [name, Number(value)]);

/** As the URL of the module says: `ledgers.mjs?snapshotEvery=3&version=2`. */
export const Ledger = ledger(Object.fromEntries(numbers));
