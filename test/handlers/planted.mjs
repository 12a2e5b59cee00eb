import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

const options = {
  schema: z.object({ key: z.string(), value: z.number() }),
  aggregateId: (/** @type {{ key: string }} */ { key }) => key,
};
export const Burned = defineEvent('planted.burned', options);
export const Allocated = defineEvent('planted.allocated', options);
export const Counted = defineEvent('planted.counted', options);

/** @type {unknown[]} */
const kept = [];

/**
 * Whole numbers only: a fraction is an object of its own on some versions of V8, and this one must not allocate.
 *
 * @param {number} from
 */
export function burnCpu(from) {
  let value = from;
  for (let round = 0; round < 600_000; round++) value = (Math.imul(value, 31) + round) | 0;
  return value & 1023;
}

/** @param {number} value */
export function allocateRows(value) {
  return Array.from({ length: 400 }, (_, row) => ({ row, text: `row ${row} of ${value}` }));
}

/** One handler burns CPU, one allocates, one is innocent. */
export default defineHandlers('planted', (on) => {
  on(Burned, ({ data }) => {
    kept[8] = burnCpu(data.value);
  });
  on(Allocated, async ({ data }) => {
    const rows = allocateRows(data.value);
    await null;
    kept[data.value % 8] = rows;
  });
  on(Counted, ({ data }) => {
    kept[9] = data.value;
  });
});
