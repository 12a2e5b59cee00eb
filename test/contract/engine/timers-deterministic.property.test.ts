import fc from 'fast-check';
import type { Engine, EngineOptions } from 'millrace';
import { verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Acted, TIMER_EVENTS } from '../../handlers/timer-events.mjs';
import { handlers, openForTests, storeFor } from '../../support/open-test-engine.js';
import { checkProperty } from '../../support/property.js';
import { toldOf } from '../../support/timed-engine.js';
import { type PlannedEvent, plannedEvents, shifted, toldBy } from '../../support/timer-model.js';

const SETTINGS: readonly (Partial<EngineOptions> & { readonly runs: number })[] = [
  { threads: 0, durability: 'memory', dispatch: 'accepted', runs: 150 },
  { threads: 0, durability: 'os', dispatch: 'durable', runs: 30 },
  { threads: 1, durability: 'memory', dispatch: 'accepted', runs: 60 },
  { threads: 2, durability: 'os', dispatch: 'accepted', runs: 60 },
  { threads: 4, durability: 'memory', dispatch: 'durable', runs: 30 },
];

/** Times of one run are so far from those of the next. */
const RUN_TIME = 10_000;

describe.each(SETTINGS)('timers in deterministic mode, $threads threads, $durability, dispatch $dispatch', ({
  runs,
  ...settings
}) => {
  const { durability = 'memory', threads = 0 } = settings;
  const options: Partial<EngineOptions> = {
    ...settings,
    ...storeFor(durability),
    events: TIMER_EVENTS,
    handlers: [handlers('timers')],
    deterministic: true,
    seed: 'timers',
  };

  test('each fires between the same events of its key, however fast the threads are', async () => {
    let engine: Engine = await openForTests(options);
    let run = 0;

    /** Publishes the events, with a drain or another opening after some of them. */
    async function live(events: readonly PlannedEvent[], cuts: readonly number[]) {
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
        if (threads > 0 || durability === 'memory' || cut % 3 !== 0) continue;
        await engine.close();
        engine = await openForTests(options);
      }
      await engine.drain();
    }

    try {
      const lives = fc.tuple(plannedEvents, fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 3 }));
      await checkProperty(
        fc.asyncProperty(lives, async ([planned, cuts]) => {
          const events = shifted(planned, `r${++run}`, run * RUN_TIME);
          await live(events, cuts);
          const expected = toldBy(events);
          for (const [key, told] of Object.entries(expected)) expect(await toldOf(engine, key)).toEqual(told);
        }),
        { runs, shrink: threads === 0 && durability === 'memory' },
      );
    } finally {
      await engine.close();
    }
    if (options.store !== undefined) expect(verifyStore(options.store).problems).toEqual([]);
  });
});
