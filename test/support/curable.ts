import type { Engine, EngineOptions, Notice } from 'millrace';
import { Parking } from '../handlers/events.mjs';
import { collect } from './collect.js';
import { Illness } from './illness.js';
import { handlers, openTestEngine } from './open-test-engine.js';

/** An engine whose handlers fail for the events that are ill, and what it told its owner. */
export async function openCurable(options: Partial<EngineOptions> = {}, illness = new Illness()) {
  const engine = await openTestEngine({
    handlers: [handlers('curable')],
    shared: illness.shared,
    ...options,
  });
  const notices: Notice[] = [];
  engine.onNotice((notice) => notices.push(notice));
  return { engine, illness, notices };
}

/** Events of one key, numbered as given. */
export function numbered(id: string, numbers: readonly number[], async = false) {
  return numbers.map((number) => Parking({ id, number, async }));
}

/** The numbers of a key's events that were handled, in the order in which they were. */
export async function handledNumbers(engine: Engine, id: string): Promise<number[]> {
  const tried = await collect(engine, { aggregateId: `tried-${id}` });
  return tried.map(({ data }) => (data as { number: number }).number);
}
