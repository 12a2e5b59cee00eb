import { defineEvent, openEngine } from 'millrace';
import { defineAggregate } from 'millrace/aggregates';
import { openStoreReader } from 'millrace/store';
import { z } from 'zod';

const Ticked = defineEvent('meter.ticked', {
  schema: z.object({ meter: z.string() }),
  aggregateId: ({ meter }) => meter,
});
const Meter = defineAggregate('meter', {
  version: 1,
  snapshotEvery: 500,
  events: [Ticked],
  initial: () => ({ ticks: 0 }),
  evolve: ({ ticks }) => ({ ticks: ticks + 1 }),
  commands: {
    tick: ({ ticks }, /** @type {undefined} */ _, ctx) => {
      ctx.emit(Ticked({ meter: ctx.aggregateId }));
      return ticks + 1;
    },
  },
});

const store = 'meters.db';
const open = () => openEngine({ store, events: [Ticked], aggregates: [Meter], threads: 0 });
let engine = await open();
await engine.publishMany(Array.from({ length: 2500 }, () => Ticked({ meter: 'm' })));
console.log((await engine.execute(Meter, 'm', 'tick', undefined)).reply);
await engine.close();

// The next engine reads the snapshot, and the events behind it.
engine = await open();
console.log(await engine.query(Meter, 'm', ({ ticks }) => ticks));
await engine.close();
using reader = openStoreReader(store);
console.log(reader.summary().snapshots.map(({ name, version, aggregates }) => [name, version, aggregates]));
