import fc from 'fast-check';
import type { Engine } from 'millrace';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { Stepped } from '../../handlers/events.mjs';
import { EVERY_EXECUTOR } from '../../support/executors.js';
import { handlers, openForTests, storeFor } from '../../support/open-test-engine.js';
import { checkProperty, rounds } from '../../support/property.js';
import { tempFolder } from '../../support/temp-folder.js';
import { type Step, WalkLog } from '../../support/walk.js';

/** One step to be published, and how. */
interface Planned {
  readonly key: number;
  readonly pace: 'sync' | 'spin' | 'microtask' | 'immediate' | 'timer';
  readonly failures: number;
  readonly emits: number;
  /** Publish alone and go on, wait until handled, or gather into the next publishMany. */
  readonly how: 'publish' | 'handled' | 'many';
}

const plans = (failing: boolean, most: number) =>
  fc.integer({ min: 1, max: 6 }).chain((keys) =>
    fc.array(
      fc.record<Planned>(
        {
          key: fc.integer({ min: 0, max: keys - 1 }),
          pace: fc.constantFrom('sync', 'sync', 'spin', 'microtask', 'immediate', 'timer'),
          failures: failing ? fc.constantFrom(0, 0, 0, 1, 2) : fc.constant(0),
          emits: fc.constantFrom(0, 0, 0, 1, 2),
          how: fc.oneof(
            { arbitrary: fc.constant('many' as const), weight: 8 },
            { arbitrary: fc.constant('publish' as const), weight: 8 },
            { arbitrary: fc.constant('handled' as const), weight: 1 },
          ),
        },
        { noNullPrototype: true },
      ),
      { minLength: 1, maxLength: most, size: 'max' },
    ),
  );

/** One lane has nothing that two have not; it is searched in `npm run test:thorough`. */
const SEARCHED = EVERY_EXECUTOR.filter((threads) => threads !== 1 || process.env.MILLRACE_THOROUGH === '1');

const SETTINGS = SEARCHED.flatMap((threads) =>
  [1, 4].flatMap((concurrency) =>
    (['durable', 'accepted'] as const).map((dispatch) => ({ threads, concurrency, dispatch })),
  ),
);

describe.each(SETTINGS)('$threads threads, concurrency $concurrency, dispatch $dispatch', (settings) => {
  const log = new WalkLog();
  let engine: Engine;
  let walks = 0;

  beforeAll(async () => {
    engine = await openForTests({
      ...settings,
      // With `durable` lanes wait for a file; with `accepted` nothing holds them back.
      ...storeFor(settings.dispatch === 'durable' ? 'os' : 'memory'),
      handlers: [handlers('walk')],
      shared: log.shared,
    });
  });
  afterAll(() => engine.close());

  /** Publishes a plan under keys of its own, and checks everything that must hold then. */
  async function walk(plan: readonly Planned[]): Promise<void> {
    const run = walks++;
    const from = engine.stats().lastPosition;
    log.clear();
    const pending: Promise<unknown>[] = [];
    const published: Step[] = [];
    let gathered: ReturnType<typeof Stepped>[] = [];
    const publishGathered = async () => {
      const many = gathered;
      gathered = [];
      // In turn with the single ones: publishMany takes its first events before it first waits.
      if (many.length > 0) await engine.publishMany(many);
    };
    for (const [step, { how, ...planned }] of plan.entries()) {
      const event = Stepped({ ...planned, step, walk: `walk-${run}-${planned.key}` });
      published.push(event.data);
      if (how === 'many') {
        gathered.push(event);
        continue;
      }
      pending.push(publishGathered());
      const receipt = engine.publish(event, { until: how === 'handled' ? 'handled' : 'accepted' });
      if (how === 'handled') await receipt;
      else pending.push(receipt);
    }
    pending.push(publishGathered());
    await Promise.all(pending);
    await engine.drain();
    await log.check(engine, published, from);
  }

  test('one key at a time and in order, without gaps, losses or repetitions', () =>
    checkProperty(fc.asyncProperty(plans(false, 150), walk), { runs: 12, shrink: false }));

  test('the same when some handlers fail and are tried again', () =>
    checkProperty(fc.asyncProperty(plans(true, 40), walk), { runs: 5, shrink: false }));

  // What samples a thread knows neither how many handlers it runs at once nor what they wait for.
  const isProfiled = settings.concurrency === 4 || process.env.MILLRACE_THOROUGH === '1';

  if (!isProfiled) return;

  test('the same while profiles are taken', async () => {
    for (let profile = 0; profile < rounds(2); profile++) {
      const ending = new AbortController();
      const report = engine.profile({ signal: ending.signal, directory: tempFolder(), intervalMicros: 200 });
      await checkProperty(fc.asyncProperty(plans(false, 100), walk), { runs: 3, shrink: false });
      ending.abort();
      await report;
    }
  });
});
