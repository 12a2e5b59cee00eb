import { type Event, getInMemoryMessageBus } from '@event-driven-io/emmett';
import type { Order } from '../../dist/support/events.js';
import type { Sample } from '../../dist/support/sample.js';
import type { PeerRun } from './load.js';
import { measure } from './measure.js';

type OrderPlaced = Event<'OrderPlaced', { readonly order: Order }>;

/** Emmett's message bus with one subscriber: in memory, on the main thread. */
export default function run(plan: PeerRun): Promise<Sample> {
  return measure(plan, async (tally) => {
    const bus = getInMemoryMessageBus();
    bus.subscribe<OrderPlaced>(({ data }: OrderPlaced) => tally.see(data.order), 'OrderPlaced');
    return {
      publish: async (load, total) => {
        for (const { orders } of load) {
          for (const order of orders)
            await bus.publish<OrderPlaced>({ type: 'OrderPlaced', data: { order } });
        }
        await tally.reach(total);
      },
      close: async () => {},
    };
  });
}
