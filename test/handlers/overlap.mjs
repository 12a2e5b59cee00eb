import { setImmediate as turn } from 'node:timers/promises';
import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

/** Cells of the shared memory by which a test and its handlers see each other. */
export const CELLS = { answered: 0, running: 1, most: 2, begun: 3, released: 4 };

export const Task = defineEvent('overlap.task', {
  schema: z.object({
    key: z.string(),
    number: z.number(),
    /** What its handler does until the cell holds so much. */
    waits: z.enum(['awaits', 'blocks', 'not']),
    cell: z.enum(['answered', 'most', 'released']).default('answered'),
    until: z.number().default(0),
    fails: z.boolean().default(false),
  }),
  aggregateId: ({ key }) => key,
});

export const TaskDone = defineEvent('overlap.done', {
  schema: z.object({ key: z.string(), number: z.number() }),
  aggregateId: ({ key }) => `done-${key}`,
  partitionKey: ({ key }) => key,
});

/** @param {Int32Array} cells */
function begin(cells) {
  const running = Atomics.add(cells, CELLS.running, 1) + 1;
  if (running > Atomics.load(cells, CELLS.most)) Atomics.store(cells, CELLS.most, running);
  Atomics.add(cells, CELLS.begun, 1);
}

export default defineHandlers('overlap', (on) => {
  on(
    Task,
    ({ data: { key, number, waits, cell, until, fails } }, ctx) => {
      const cells = /** @type {Int32Array} */ (ctx.shared.cells);
      begin(cells);
      const end = () => {
        Atomics.sub(cells, CELLS.running, 1);
        if (fails && ctx.attempt === 1) throw new Error('the first try fails');
        ctx.emit(TaskDone({ key, number }));
      };
      const isDue = () => Atomics.load(cells, CELLS[cell]) >= until;
      switch (waits) {
        case 'not':
          return end();
        case 'blocks':
          while (!isDue()) Atomics.wait(cells, CELLS[cell], Atomics.load(cells, CELLS[cell]), 5);
          return end();
        case 'awaits':
          return (async () => {
            while (!isDue()) await turn();
            end();
          })();
      }
    },
    { retries: 1, retryDelayMs: 1 },
  );
});
