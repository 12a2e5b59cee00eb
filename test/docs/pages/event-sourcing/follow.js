import { defineEvent, openEngine } from 'millrace';
import { z } from 'zod';

const Counted = defineEvent('clock.counted', {
  schema: z.object({ clock: z.string(), tick: z.number() }),
  aggregateId: ({ clock }) => clock,
});
await using engine = await openEngine({ events: [Counted], threads: 0 });
const tick = (/** @type {number} */ tick) => engine.publish(Counted({ clock: 'a', tick }));

await tick(1);
await tick(2);
const loop = (async () => {
  for await (const { data } of engine.follow({ name: 'reader' })) {
    console.log(data.tick);
    if (data.tick === 4) break;
  }
})();
await tick(3);
await tick(4);
await loop;

// The event in hand when the loop was left was not done.
const [reader] = engine.consumers.list();
console.log(`${reader?.name} is done up to ${reader?.position}`);
for await (const { data } of engine.follow({ name: 'reader' })) {
  console.log(data.tick);
  break;
}
