import fc from 'fast-check';
import type { Engine, EngineOptions } from 'millrace';
import { verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Acted, TIMER_EVENTS } from '../../handlers/timer-events.mjs';
import { handlers, openForTests, storeFor } from '../../support/open-test-engine.js';
import { checkProperty } from '../../support/property.js';
import { toldOf } from '../../support/timed-engine.js';
import { type PlannedEvent, plannedEvents, toldBy } from '../../support/timer-model.js';

const SETTINGS: readonly (Partial<EngineOptions> & { readonly runs: number })[] = [
  { threads: 0, durability: 'memory', dispatch: 'accepted', runs: 90 },
  { threads: 0, durability: 'os', dispatch: 'durable', runs: 15 },
  { threads: 1, durability: 'memory', dispatch: 'accepted', runs: 9 },
  { threads: 2, durability: 'os', dispatch: 'accepted', runs: 9 },
  { threads: 4, durability: 'memory', dispatch: 'durable', runs: 6 },
];

describe.each(SETTINGS)('timers in deterministic mode, $threads threads, $durability, dispatch $dispatch', ({
  runs,
  ...settings
}) => {
  const { durability = 'memory', threads = 0 } = settings;
  const open = (more: Partial<EngineOptions>) =>
    openForTests({
      ...settings,
      events: TIMER_EVENTS,
      handlers: [handlers('timers')],
      deterministic: true,
      seed: 'timers',
      ...more,
    });

  /** Lives through the events, and says what the handlers told of each key. */
  async function live(events: readonly PlannedEvent[], cuts: readonly number[]) {
    const store = storeFor(durability);
    let engine: Engine = await open(store);
    try {
      let from = 0;
      for (const cut of [...cuts.filter((at) => at < events.length).sort((a, b) => a - b), events.length]) {
        await engine.publishMany(
          events
            .slice(from, cut)
            .map(({ key, acts, end, occurredAt }) =>
              Acted({ key, acts: [...acts] as never, ...(end !== undefined && { end }) }, { occurredAt }),
            ),
        );
        from = cut;
        if (cut % 2 === 0) await engine.drain();
        if (durability === 'memory' || cut % 3 !== 0) continue;
        await engine.close();
        engine = await open(store);
      }
      await engine.drain();
      const told: Record<string, string[]> = {};
      for (const { key } of events) told[key] = await toldOf(engine, key);
      return { told, store: store.store, fingerprint: await engine.fingerprint() };
    } finally {
      await engine.close();
    }
  }

  test('each fires between the same events of its key, however fast the threads are', async () => {
    const lives = fc.tuple(plannedEvents, fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 3 }));
    await checkProperty(
      fc.asyncProperty(lives, async ([events, cuts]) => {
        const { told, store } = await live(events, cuts);
        expect(told).toEqual(toldBy(events));
        if (store !== undefined) expect(verifyStore(store).problems).toEqual([]);
      }),
      { runs, shrink: threads === 0 && durability === 'memory' },
    );
  });
});
