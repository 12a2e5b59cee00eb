import fc from 'fast-check';
import type { Engine, EngineOptions } from 'millrace';
import { verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { STATE_EVENTS } from '../../handlers/state-events.mjs';
import { handlers, openForTests, storeFor } from '../../support/open-test-engine.js';
import { checkProperty } from '../../support/property.js';
import { type PlannedAct, plannedActs, StateModel } from '../../support/state-model.js';

const SETTINGS: readonly Partial<EngineOptions>[] = [
  { threads: 0, durability: 'memory', concurrency: 1, dispatch: 'accepted' },
  { threads: 0, durability: 'os', concurrency: 8, dispatch: 'durable' },
  { threads: 2, durability: 'memory', concurrency: 4, dispatch: 'accepted' },
  { threads: 2, durability: 'os', concurrency: 8, dispatch: 'durable' },
];

describe.each(
  SETTINGS,
)('state per key, $threads threads, $durability, concurrency $concurrency, dispatch $dispatch', (settings) => {
  const { threads = 0, durability = 'memory' } = settings;

  test('each key’s state is the fold over the events that were handled, whatever happens to the engine', async () => {
    const options = {
      ...settings,
      ...storeFor(durability),
      events: STATE_EVENTS,
      handlers: [handlers('stateful')],
    };
    const model = new StateModel();
    let engine: Engine = await openForTests(options);
    const act = async (planned: PlannedAct) => {
      if (planned.kind === 'publish') {
        await engine.publishMany(planned.steps.map((step) => model.add(step)));
      } else if (planned.kind === 'threads') {
        await engine.setThreads(planned.threads);
      } else if (durability !== 'memory') {
        // Without a drain: what is not handled is handled by the next one.
        await engine.close();
        engine = await openForTests(options);
      }
    };
    const live = async (acts: readonly PlannedAct[]) => {
      model.begin();
      for (const planned of acts) await act(planned);
      await engine.drain();
      await model.expectTold(engine);
    };
    try {
      const runs = threads > 0 ? 9 : 30;
      await checkProperty(fc.asyncProperty(plannedActs(threads > 0), live), { runs, shrink: false });
    } finally {
      await engine.close();
    }
    if (options.store === undefined) return;
    model.expectStored(options.store);
    expect(verifyStore(options.store).problems).toEqual([]);
  });
});
