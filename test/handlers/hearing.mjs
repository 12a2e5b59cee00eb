import { defineHandlers } from 'millrace/define';
import { Endangered, Survived } from './events.mjs';

/** @typedef {{ text: string, fails?: readonly number[], gate?: SharedArrayBuffer, dies?: number }} Message */

let heard = 'nothing';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Tells what its lane has heard last: in the id of what it emits. Waits at `shared.gate`, so that each lane has one. */
export default defineHandlers(
  'hearing',
  (on) => {
    on(
      Endangered,
      async ({ data: { number, peril } }, ctx) => {
        if (peril === 'exit' && ctx.attempt === 1) process.exit(3);
        const gate = new Int32Array(/** @type {SharedArrayBuffer} */ (ctx.shared.gate));
        Atomics.add(gate, 1, 1);
        while (Atomics.load(gate, 0) === 0) await turn();
        ctx.emit(Survived({ id: heard, number, attempt: ctx.attempt, lane: ctx.lane }));
      },
      { retries: 1, retryDelayMs: 0 },
    );
  },
  {
    async onBroadcast(message, lane) {
      const { text, fails = [], gate, dies } = /** @type {Message} */ (message);
      heard = text;
      if (dies === lane) process.exit(4);
      if (gate) {
        const cells = new Int32Array(gate);
        Atomics.add(cells, 1, 1);
        while (Atomics.load(cells, 0) === 0) await turn();
      }
      if (fails.includes(lane)) throw new RangeError(`lane ${lane} is deaf`);
    },
  },
);
