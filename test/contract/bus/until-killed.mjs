import { createEventBus } from 'millrace/bus';
import { ALL_EVENTS, Noted } from '../../handlers/events.mjs';

/**
 * Handles notes until it meets one with the value 'stuck', whose handler never ends; says so on stdout and waits to
 * be killed. Arguments: store, durability.
 */
const [store = '', durability = 'disk'] = process.argv.slice(2);

const bus = createEventBus({
  events: ALL_EVENTS,
  store,
  durability: /** @type {'os' | 'disk'} */ (durability),
});
bus.subscribe(Noted, ({ data: { value } }) => {
  if (value === 'bad') throw new Error('bad');
  return value === 'stuck' ? new Promise(() => {}) : undefined;
});
await bus.start();
const handled = /** @type {const} */ ({ until: 'handled' });
await bus.publish(Noted({ note: 'a', value: 1 }), handled);
await bus.publish(Noted({ note: 'a', value: 'bad' }), handled).catch(() => {});
await bus.publish(Noted({ note: 'a', value: 'stuck' }));
await bus.publish(Noted({ note: 'b', value: 4 }), handled);
await bus.publish(Noted({ note: 'a', value: 5 }));
process.stdout.write('stuck\n');
setInterval(() => {}, 60_000);
