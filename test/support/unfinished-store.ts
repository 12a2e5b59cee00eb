import type { EngineOptions, NewEvent } from 'millrace';
import { Stopping } from '../handlers/events.mjs';
import { openCurable } from './curable.js';
import { Illness } from './illness.js';
import { tempStore } from './temp-folder.js';

/** The event that stops the engine in `unfinishedStore` is ill with this number. */
const STOPPER = 4095;

/**
 * A store in which events are durable and unfinished: the first event has stopped the engine before it came to the
 * others, which lie from position 2 on.
 */
export async function unfinishedStore(events: readonly NewEvent[]): Promise<Partial<EngineOptions>> {
  const store = { store: tempStore(), durability: 'os' } as const;
  const { engine } = await openCurable({ ...store, threads: 0 }, new Illness(STOPPER));
  // One turn, one transaction: all are durable before the first is handled.
  await engine.publishMany([Stopping({ id: 'stop', number: STOPPER }), ...events]);
  await engine.drain().catch(() => {});
  await engine.close().catch(() => {});
  return store;
}
