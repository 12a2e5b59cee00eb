import { describe, expect, test } from 'vitest';
import { LaneCrew } from '../../../dist/src/engine/dispatch/lane-crew.js';
import { Orders } from '../../../dist/src/engine/dispatch/orders.js';
import { SlabPool } from '../../../dist/src/engine/sequence/slab-pool.js';
import { Codec } from '../../../dist/src/events/codec.js';
import { rowReference } from '../../../dist/src/events/slab.js';
import { steadyNow } from '../../../dist/src/kernel/clock.js';
import type { Lane } from '../../../dist/src/lanes/executor.js';
import { LaneCell } from '../../../dist/src/lanes/lane-cell.js';
import { LaneScheduler } from '../../../dist/src/lanes/scheduler.js';
import { SLAB_BYTES, TIMEOUT_GRACE_MS } from '../../../dist/src/limits.js';
import { Endangered } from '../../handlers/events.mjs';
import { handlers } from '../../support/open-test-engine.js';
import { NEVER_MS, openPerilous, survivors } from '../../support/peril.js';

test('a handler without a limit is not ended by the limit of the one before it', async () => {
  const short = handlers('peril');
  short.searchParams.set('timeoutMs', '100');
  const { engine, told } = await openPerilous({ threads: 1, handlers: [short, handlers('patient')] });
  await engine.publish(Endangered({ id: 'a', number: 1 }), { until: 'handled' });
  expect(told('lane-replaced')).toEqual([]);
  expect(engine.stats()).toMatchObject({ failed: 0, inFlight: 0 });
});

describe('the wall clock is set while a handler runs', () => {
  const openWith = (timeoutMs: number) => {
    const module = handlers('wall-clock');
    module.searchParams.set('timeoutMs', String(timeoutMs));
    return openPerilous({ threads: 1, handlers: [module] });
  };

  test('an hour on: nobody has taken too long', async () => {
    const { engine, told } = await openWith(NEVER_MS);
    for (const number of [1, 2, 3]) {
      await engine.publish(Endangered({ id: 'a', number }), { until: 'handled' });
    }
    expect(told('lane-replaced')).toEqual([]);
    expect(engine.stats()).toMatchObject({ failed: 0 });
  });

  test('an hour back: an endless loop is ended all the same', async () => {
    const { engine, told } = await openWith(200);
    await engine.publish(Endangered({ id: 'b', number: 1, peril: 'loop' }), { until: 'handled' });
    expect(told('lane-replaced')).toMatchObject([{ error: { code: 'MILLRACE_HANDLER_TIMEOUT' } }]);
    expect(Object.fromEntries(await survivors(engine))).toEqual({ b: [[1, 2]] });
  });
});

describe('a handler that is late has a while to end by itself', () => {
  /** A crew of one lane, on which one event is being handled until `deadline`, and the look at it. */
  async function watched(deadline: number) {
    const cell = new LaneCell(1);
    const pool = new SlabPool(SLAB_BYTES * 4, () => {});
    const lane: Lane = {
      cell,
      open: async () => [
        {
          type: 'a',
          modules: 'm',
          retries: 0,
          retryDelayMs: 0,
          maxRetryDelayMs: 0,
          jitter: 0,
          onFailure: 'park',
          timeoutMs: 10,
          late: [],
          states: [],
          usedStates: [],
        },
      ],
      run: () => {},
      broadcast: async () => [],
      profile: async () => undefined,
      end: async () => {},
    };
    const looks: (() => void)[] = [];
    const lost: Error[] = [];
    const set = (callback: () => void) => looks.push(callback);
    const crew = new LaneCrew(
      {
        makeLane: () => lane,
        setup: {
          modules: [],
          types: [],
          run: 'r',
          seed: 's',
          deterministic: false,
          validate: true,
          concurrency: 1,
          shared: {},
          history: { isDurableFirst: true, file: undefined, asStored: [] },
          tracing: undefined,
        },
        log: {
          reach: async () => 0,
          page: async () => ({ events: [], next: undefined }),
          tail: async () => undefined,
        },
        time: { set, background: set, alarm: set, clear: () => {}, now: () => 0, steady: steadyNow },
        orders: new Orders(1),
      },
      new Codec([]),
      new LaneScheduler(pool.slabs),
      pool,
      {
        ready: () => {},
        answered: () => {},
        decided: () => {},
        lost: (_, { error }) => {
          lost.push(error);
          return [];
        },
        replaced: () => {},
        failed: () => {},
      },
    );
    await crew.open();
    const [seat] = crew.seats;
    const reference = rowReference(pool.acquire().id, 0);
    seat?.sent.send(1, Uint32Array.of(reference));
    cell.setDeadline(cell.begin(reference), deadline);
    if (seat) crew.watch(seat);
    return { look: () => looks.shift()?.(), lost };
  }

  test('within it nothing happens to its thread', async () => {
    const { look, lost } = await watched(steadyNow() - 1);
    look();
    expect(lost).toEqual([]);
  });

  test('after it its thread is ended', async () => {
    const { look, lost } = await watched(steadyNow() - TIMEOUT_GRACE_MS - 1);
    look();
    expect(lost).toMatchObject([{ code: 'MILLRACE_HANDLER_TIMEOUT' }]);
  });
});
