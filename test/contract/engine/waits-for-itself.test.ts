import type { Engine } from 'millrace';
import type { EventBus } from 'millrace/bus';
import { createPublisher } from 'millrace/publisher';
import { describe, expect, test } from 'vitest';
import { Held, Noted } from '../../handlers/events.mjs';
import { acts } from '../../handlers/waiting.mjs';
import {
  handlers,
  openForTests,
  openTestEngine,
  type TestEngineOptions,
} from '../../support/open-test-engine.js';
import { deferred, makeBus, startBus } from '../bus/support.js';

const open = (options: TestEngineOptions = {}) =>
  openTestEngine({ durability: 'memory', handlers: [handlers('waiting')], ...options });

const refused = (call: string, inside: string) => ({
  code: 'MILLRACE_WAITS_FOR_ITSELF',
  details: { call: expect.stringContaining(call), inside: expect.stringContaining(inside) },
});

/** What a call in a handler came to, without the handler failing. */
async function outcomeOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await null;
    return await call();
  } catch (error) {
    return error;
  }
}

const HANDLED = { until: 'handled' } as const;
const note = (value?: string) => Noted({ note: 'n', value });

describe('inside a handler on the main thread', () => {
  test.each<[string, (engine: Engine) => Promise<unknown>]>([
    ['drain()', (engine) => engine.drain()],
    ['close()', (engine) => engine.close()],
    ['fingerprint', (engine) => engine.fingerprint()],
    ['setThreads()', (engine) => engine.setThreads(0)],
    ['publish(', (engine) => engine.publish(note(), HANDLED)],
    ['publishMany(', (engine) => engine.publishMany([note()], HANDLED)],
    ['append(', (engine) => engine.append('n', [note()], HANDLED)],
    ['deadLetters.retry()', (engine) => engine.deadLetters.retry(1)],
    ['deadLetters.discard()', (engine) => engine.deadLetters.discard(1)],
  ])('%s that waits for it is refused', async (call, act) => {
    const engine = await open();
    const outcome = deferred<unknown>();
    acts.set(call, async () => outcome.resolve(await outcomeOf(() => act(engine))));
    await engine.publish(note(call), HANDLED);
    const named = call === 'fingerprint' ? 'drain()' : call;
    expect(await outcome.promise).toMatchObject(
      refused(`engine.${named}`, "'note.noted' in handlers 'waiting'"),
    );
    expect(engine.stats().accepted).toBe(1);
  });

  test('publishing into a full engine is refused, and into one with room it is not', async () => {
    const engine = await open({ maxInFlight: 1 });
    const roomy = await open();
    const outcomes = deferred<unknown[]>();
    acts.set('full', async () =>
      outcomes.resolve([
        await outcomeOf(() => engine.publish(note())),
        await outcomeOf(() => engine.ready()),
        await outcomeOf(() => engine.publishMany([note()])),
        await outcomeOf(() => roomy.publish(note(), HANDLED)),
      ]),
    );
    await engine.publish(note('full'), HANDLED);
    const full = refused('full engine', 'waiting');
    expect(await outcomes.promise).toMatchObject([full, full, full, { position: 1 }]);
  });

  test('who was not known to be async is told as well, and what a handler leaves behind may wait', async () => {
    const engine = await open();
    const outcome = deferred<unknown>();
    acts.set('plain', () => outcomeOf(() => engine.drain()).then(outcome.resolve));
    await engine.publish(Held({ gate: 'plain' }), HANDLED);
    expect(await outcome.promise).toMatchObject(refused('engine.drain()', 'handler'));
    const later = deferred<unknown>();
    acts.set('later', async () => {
      setImmediate(() => void engine.publish(note(), HANDLED).then(later.resolve, later.resolve));
    });
    await engine.publish(note('later'), HANDLED);
    expect(await later.promise).toMatchObject({ position: 3 });
  });

  test('a close that nobody awaits there closes the engine', async () => {
    const engine = await openForTests({ durability: 'memory', handlers: [handlers('waiting')] });
    acts.set('leave', async () => void engine.close());
    await engine.publish(note('leave'));
    await expect(engine.drain()).resolves.toBeUndefined();
    await engine.close();
    expect(engine.stats()).toMatchObject({ state: 'closed', handled: 1, failed: 0 });
  });

  test('a subscriber of an engine is not waited for, and may close it', async () => {
    const engine = await openForTests({ durability: 'memory' });
    const closed = deferred<unknown>();
    engine.subscribe(Noted, async () => {
      await engine.publish(note()).catch(() => {});
      closed.resolve(await outcomeOf(() => engine.close()));
    });
    await engine.publish(note());
    expect(await closed.promise).toBeUndefined();
  });
});

describe('inside a subscriber of a bus', () => {
  test.each<[string, (bus: EventBus) => Promise<unknown>]>([
    ['drain()', (bus) => bus.drain()],
    ['stop()', (bus) => bus.stop()],
    ['publish(', (bus) => bus.publish(note('none'), HANDLED)],
    ['publishBatch(', (bus) => bus.publishBatch([note('none')], HANDLED)],
    ['failedEvents.retry()', (bus) => bus.failedEvents.retry(1)],
  ])('%s that waits for it is refused', async (call, act) => {
    const outcome = deferred<unknown>();
    const bus = await startBus({}, (made) => {
      made.subscribe(Noted, async () => outcome.resolve(await outcomeOf(() => act(made))), {
        name: 'waiter',
      });
    });
    await bus.publish(note());
    expect(await outcome.promise).toMatchObject(
      refused(`bus.${call}`, "the subscriber 'waiter' of 'note.noted'"),
    );
    await bus.stop();
    expect(bus.statistics()).toMatchObject({ published: 1, processed: 1, failed: 0 });
  });

  test('publishing on a full bus is refused, with its context it is not', async () => {
    const outcomes = deferred<unknown[]>();
    const bus = await startBus({ maxQueueSize: 1 }, (made) => {
      made.subscribe(Noted, async ({ data }, context) => {
        if (data.value !== 'full') return;
        const refusal = await outcomeOf(() => made.publish(note()));
        const batch = await outcomeOf(() => made.publishBatch([note()]));
        outcomes.resolve([refusal, batch, await outcomeOf(() => context.publish(note()))]);
      });
    });
    await bus.publish(note('full'));
    const full = refused('full bus', 'note.noted');
    expect(await outcomes.promise).toMatchObject([full, full, { position: 2 }]);
    await bus.drain();
  });

  test('publishing more of its own key than that may hold back is refused as well, though the bus has room', async () => {
    const outcome = deferred<unknown>();
    const bus = await startBus({ workers: 2, maxQueueSize: 4 }, (made) => {
      made.subscribe(Noted, async ({ data }) => {
        if (data.value !== 'flood') return;
        const flood = async () => {
          for (let sent = 0; sent < 64; sent++) await made.publish(note());
        };
        outcome.resolve(await outcomeOf(flood));
      });
    });
    await bus.publish(note('flood'));
    expect(await outcome.promise).toMatchObject(refused('full bus', 'note.noted'));
    await bus.drain();
  });

  test('a stop that nobody awaits there stops the bus', async () => {
    const bus = makeBus();
    bus.subscribe(Noted, () => void bus.stop());
    await bus.start();
    await bus.publish(note());
    await bus.stop();
    expect(bus.statistics()).toMatchObject({ published: 1, processed: 1, failed: 0, workerCount: 0 });
  });

  test('another bus, and the engine under this one, may be waited for', async () => {
    const other = await startBus({});
    const outcome = deferred<unknown[]>();
    const bus = await startBus({}, (made) => {
      made.subscribe(Noted, async () => {
        const waits = [() => other.publish(note(), HANDLED), () => other.drain(), () => made.engine.drain()];
        outcome.resolve(await Promise.all(waits.map(outcomeOf)));
      });
    });
    await bus.publish(note());
    expect(await outcome.promise).toMatchObject([{ position: 1 }, undefined, undefined]);
  });
});

test('an async subscriber that waits for all subscribers to settle is told so', async () => {
  const publisher = createPublisher({ events: [Noted] });
  const outcome = deferred<unknown>();
  publisher.subscribe(Noted, async () => outcome.resolve(await outcomeOf(() => publisher.settled())));
  await publisher.publishAsync(note());
  expect(await outcome.promise).toMatchObject(refused('settled()', "subscriber 1 of 'note.noted'"));
  await publisher.settled();
});
