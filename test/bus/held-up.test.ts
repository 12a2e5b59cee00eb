import { renameSync } from 'node:fs';
import { type BusHandler, type EventBus, openEngine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { ALL_EVENTS, Noted } from '../handlers/events.mjs';
import { oneTo } from '../support/collect.js';
import { tempStore } from '../support/temp-folder.js';
import { BACKENDS, deferred, Holder, makeBus, openSystem, settle, startBus } from './support.js';

const HANDLED = { until: 'handled' } as const;
const note = (key: string, value: number) => Noted({ note: key, value });
const HOUR = 3_600_000;

/** A promise whose failure is nobody's business when the test has failed before it. */
function quietly<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

/** A subscriber that holds the keys that begin with `bad`, and notes the order of all. */
function holdingBad() {
  const holder = new Holder();
  const orders = new Map<string, unknown[]>();
  const handle: BusHandler = async (event, context) => {
    if (event.aggregateId.startsWith('bad')) await holder.handle(event, context);
    const { value } = event.data as { value: unknown };
    orders.set(event.aggregateId, [...(orders.get(event.aggregateId) ?? []), value]);
  };
  return { holder, orders, handle };
}

/** Publishes events of other keys, and resolves when each of them is handled. */
async function publishGood(bus: EventBus, count: number): Promise<void> {
  for (const value of oneTo(count)) await bus.publish(note(`good-${value % 7}`, value), HANDLED);
}

describe.each(BACKENDS)('one bad key stops only itself: $backend', ({ backend, store }) => {
  test('subscribers that never end, as many as there are workers', async () => {
    const { holder, handle, orders } = holdingBad();
    const bus = await startBus({ ...store(), workers: 4 }, (own) => own.subscribe('**', handle));
    for (const value of oneTo(4)) await bus.publish(note(`bad-${value}`, value));
    await holder.has(4);
    await publishGood(bus, 100);
    expect([...orders.values()].flat()).toHaveLength(100);
    expect(holder.held).toHaveLength(4);
    expect(bus.health()).toMatchObject({
      status: 'DEGRADED',
      reasons: [
        expect.stringContaining('4 subscribers are under way for up to 1 s: handle with note.noted at'),
      ],
    });
    holder.open();
    await bus.drain();
    expect(bus.health()).toEqual({ status: 'HEALTHY', reasons: [] });
    expect(bus.statistics()).toMatchObject({ processed: 104, queueSize: 0 });
  });

  test('a subscriber that hangs on a key with more events than the queue may have', async () => {
    const { holder, handle, orders } = holdingBad();
    const bus = await startBus({ ...store(), maxQueueSize: 20, workers: 4 }, (own) => {
      own.subscribe('**', handle);
    });
    const bad = oneTo(100).map((value) => quietly(bus.publish(note('bad', value))));
    await holder.has(1);
    await publishGood(bus, 100);
    expect(orders.get('bad')).toBeUndefined();
    expect(bus.health().reasons).toContainEqual(expect.stringMatching(/events wait in the log behind 1 key/));
    holder.open();
    await Promise.all(bad);
    await bus.drain();
    expect(orders.get('bad')).toEqual(oneTo(100));
    expect(bus.statistics()).toMatchObject({ published: 200, processed: 200, queueSize: 0 });
  });

  test('a key that waits for a retry, with more events than the queue may have', async () => {
    const heard: number[] = [];
    const bus = await startBus({ ...store(), maxQueueSize: 10, workers: 1 }, (own) => {
      own.subscribe(
        Noted,
        ({ aggregateId, data }) => {
          if (aggregateId === 'bad') throw new Error('later');
          heard.push(data.value);
        },
        { retries: 1, retryDelayMs: HOUR },
      );
    });
    for (const value of oneTo(50)) quietly(bus.publish(note('bad', value)));
    await publishGood(bus, 50);
    expect(heard).toEqual(oneTo(50));
    expect(bus.statistics()).toMatchObject({ processed: 50, failed: 0 });
    expect(bus.health().reasons.join()).toContain('1 wait for a retry');
  });

  test('a slow key: others do not go at its pace', async () => {
    const { holder, handle, orders } = holdingBad();
    const bus = await startBus({ ...store(), maxQueueSize: 10, workers: 2 }, (own) => {
      own.subscribe('**', handle);
    });
    for (const value of oneTo(40)) quietly(bus.publish(note('bad', value)));
    for (const step of oneTo(5)) {
      await holder.has(1);
      await publishGood(bus, 20);
      expect(orders.get('bad') ?? []).toHaveLength(step - 1);
      holder.release();
    }
    holder.open();
    await bus.drain();
    expect(orders.get('bad')).toEqual(oneTo(40));
  });

  test('what fills the queue through the engine: lanes and other users of the log', async () => {
    const { holder, handle, orders } = holdingBad();
    const bus = await startBus({ ...store(), maxQueueSize: 20 }, (own) => own.subscribe('**', handle));
    await bus.engine.publishMany(oneTo(60).map((value) => note('bad', value)));
    await holder.has(1);
    await publishGood(bus, 30);
    holder.open();
    await bus.drain();
    expect(orders.get('bad')).toEqual(oneTo(60));
  });

  test('many bad keys come back in order, each in its own', async () => {
    const { holder, handle, orders } = holdingBad();
    const bus = await startBus({ ...store(), maxQueueSize: 100, workers: 8 }, (own) => {
      own.subscribe('**', handle);
    });
    const bad = oneTo(600).map((value) => quietly(bus.publish(note(`bad-${value % 6}`, value))));
    await holder.has(6);
    await publishGood(bus, 20);
    holder.open();
    await Promise.all(bad);
    await bus.drain();
    for (const key of oneTo(6)) {
      const own = oneTo(600).filter((value) => value % 6 === key % 6);
      expect(orders.get(`bad-${key % 6}`)).toEqual(own);
    }
  });

  if (backend === 'memory') {
    test('a publisher of the bad key waits when it has its share, in order and until its signal aborts', async () => {
      const { holder, handle, orders } = holdingBad();
      const bus = await startBus({ maxQueueSize: 4, workers: 4 }, (own) => own.subscribe('**', handle));
      const bad = [];
      for (const value of oneTo(30)) {
        bad.push(quietly(bus.publish(note('bad', value))));
        await settle();
      }
      const { queueSize } = bus.statistics();
      expect(queueSize).toBeLessThan(12);
      const signal = AbortSignal.abort(new Error('gone'));
      await expect(bus.publish(note('bad', 31), { signal })).rejects.toThrow('gone');
      await publishGood(bus, 10);
      holder.open();
      await Promise.all(bad);
      await bus.drain();
      expect(orders.get('bad')).toEqual(oneTo(30));
    });

    test('where publishers are refused, only those of the bad key are', async () => {
      const { handle } = holdingBad();
      const bus = await startBus({ maxQueueSize: 4, whenFull: 'refuse' }, (own) =>
        own.subscribe('**', handle),
      );
      const refused: unknown[] = [];
      for (const value of oneTo(30)) {
        await bus.publish(note('bad', value)).catch((error: unknown) => refused.push(error));
        await settle();
      }
      expect(refused.length).toBeGreaterThan(15);
      expect(refused.at(-1)).toMatchObject({ code: 'MILLRACE_QUEUE_FULL', details: { key: 'bad' } });
      await publishGood(bus, 10);
    });
  } else {
    test('after a failure of the engine what waits behind the bad key still comes, in order', async () => {
      const path = tempStore();
      const { handle, orders, holder } = holdingBad();
      const bus = await startBus({ store: path, durability: 'os', maxQueueSize: 10 }, (own) => {
        own.subscribe('**', handle);
      });
      await bus.publishBatch(oneTo(50).map((value) => note('bad', value)));
      await holder.has(1);
      renameSync(path, `${path}.away`);
      await expect(bus.publish(note('good', 1))).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
      // It comes to what it has to read while nothing can be read.
      holder.open();
      await settle();
      expect(orders.get('bad')?.length).toBeLessThan(50);
      await expect(bus.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
      renameSync(`${path}.away`, path);
      await bus.engine.recover();
      await bus.drain();
      expect(orders.get('bad')).toEqual(oneTo(50));
    });

    test('a drain that waits when the engine fails says so', async () => {
      const path = tempStore();
      const holder = new Holder();
      const bus = await startBus({ store: path, durability: 'os' }, (own) =>
        own.subscribe('**', holder.handle),
      );
      await bus.publish(note('a', 1));
      await holder.has(1);
      const drained = quietly(bus.drain());
      renameSync(path, `${path}.away`);
      await expect(bus.publish(note('b', 2))).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
      await expect(drained).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    });

    test('what waits behind the bad key is in the log: publishers do not wait, and the next start goes on', async () => {
      const path = tempStore();
      const { handle } = holdingBad();
      const bus = await startBus({ store: path, durability: 'os', maxQueueSize: 10 }, (own) => {
        own.subscribe('**', handle);
      });
      await bus.publishBatch(
        oneTo(200).map((value) => note(value % 2 === 0 ? 'bad' : `good-${value}`, value)),
      );
      await bus.stop({ signal: AbortSignal.abort() });
      const { orders, holder, handle: again } = holdingBad();
      holder.open();
      const next = await startBus({ store: path, durability: 'os' }, (own) => own.subscribe('**', again));
      await next.drain();
      expect(orders.get('bad')).toEqual(oneTo(100).map((value) => 2 * value));
    });
  }
});

describe.each(BACKENDS)('a subscriber that takes too long: $backend', ({ store }) => {
  test('is told by its signal, and fails when it does not listen; its key and its worker go on', async () => {
    const signals: AbortSignal[] = [];
    const late: unknown[] = [];
    const ended = deferred();
    const bus = await startBus({ ...store(), workers: 1 }, (own) => {
      own.subscribe(
        Noted,
        async ({ data }, ctx) => {
          if (data.value !== 1) return;
          signals.push(ctx.signal);
          await ended.promise;
          await ctx.publish(note('late', 1)).catch((error: unknown) => late.push(error));
        },
        { timeoutMs: 1, name: 'ledger' },
      );
    });
    const outcomes = await Promise.allSettled([
      bus.publish(note('a', 1), HANDLED),
      bus.publish(note('a', 2), HANDLED),
    ]);
    const cause = { code: 'MILLRACE_HANDLER_TIMEOUT', details: { handler: 'ledger', timeoutMs: 1 } };
    expect(outcomes).toMatchObject([{ status: 'rejected', reason: { cause } }, { status: 'fulfilled' }]);
    expect(signals[0]?.reason).toMatchObject({ code: 'MILLRACE_HANDLER_TIMEOUT' });
    expect(await bus.failedEvents.list()).toMatchObject([{ position: 1, error: cause }]);
    ended.resolve();
    await settle();
    expect(late).toMatchObject([{ code: 'MILLRACE_HANDLER_TIMEOUT' }]);
    expect(bus.statistics()).toMatchObject({ published: 2 });
  });

  test('fails with what it throws when its signal aborts, and is tried again', async () => {
    const attempts: number[] = [];
    const bus = await startBus({ ...store(), subscriberTimeoutMs: 1 }, (own) => {
      own.subscribe(
        Noted,
        async (_event, { attempt, signal }) => {
          attempts.push(attempt);
          if (attempt === 1) await new Promise((_, reject) => signal.addEventListener('abort', reject));
        },
        { retries: 1, retryDelayMs: 1 },
      );
    });
    await bus.publish(note('a', 1), HANDLED);
    expect(attempts).toEqual([1, 2]);
  });

  test('and ends in time has a signal that stays silent', async () => {
    const signals: AbortSignal[] = [];
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, async (_event, { signal }) => void signals.push(signal), { timeoutMs: 5 });
      own.subscribe(
        Noted,
        (_event, { attempt }) => {
          if (attempt === 1) throw new Error('later than the time of the other');
        },
        { retries: 1, retryDelayMs: 30, jitter: 0 },
      );
    });
    await bus.publish(note('a', 1), HANDLED);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  test('has its signal aborted when the bus stops without waiting for it', async () => {
    const began = deferred<AbortSignal>();
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, async (_event, { signal }) => {
        began.resolve(signal);
        await new Promise(() => {});
      });
    });
    await bus.publish(note('a', 1));
    const signal = await began.promise;
    await bus.stop({ signal: AbortSignal.abort() });
    expect(signal.reason).toMatchObject({ code: 'MILLRACE_CLOSED' });
  });

  test.each([{ timeoutMs: 0 }, { timeoutMs: 86_400_001 }])('%o is refused', async (options) => {
    const bus = makeBus(store());
    const refused = expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' });
    expect(() => bus.subscribe(Noted, () => {}, options)).toThrow(refused);
    expect(() => makeBus({ subscriberTimeoutMs: options.timeoutMs })).toThrow(refused);
  });
});

describe.each(BACKENDS)('waiting on a bus: $backend', ({ store }) => {
  test('drain ends while others publish without a pause, and waits for what the events led to', async () => {
    const heard: string[] = [];
    let goesOn = true;
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, async ({ aggregateId, data }, ctx) => {
        heard.push(aggregateId);
        const depth = data.value as number;
        if (depth > 0) await ctx.publish(note(`${aggregateId}+`, depth - 1));
      });
    });
    const others = (async () => {
      // One of them is always under way.
      for (let count = 0; goesOn; count++) {
        quietly(bus.publish(note('other', count % 50 === 0 ? 1 : 0)));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await bus.publish(note('mine', 3));
    await bus.drain();
    expect(heard).toContain('mine+++');
    await bus.publishBatch([note('batch', 2)], HANDLED);
    expect(heard).toContain('batch++');
    goesOn = false;
    await others;
  });

  test('drain counts publishers that wait for room', async () => {
    const holder = new Holder();
    const bus = await startBus({ ...store(), maxQueueSize: 2 }, (own) => own.subscribe('**', holder.handle));
    const published = oneTo(5).map((value) => quietly(bus.publish(note(`key-${value}`, value))));
    await holder.has(2);
    const drained = bus.drain();
    holder.open();
    await drained;
    expect(bus.statistics()).toMatchObject({ published: 5, processed: 5 });
    await Promise.all(published);
  });

  test('stop ends while others publish to the log', async () => {
    const system = await openSystem(store());
    system.bus.subscribe('**', () => {});
    await system.start();
    let goesOn = true;
    const others = (async () => {
      while (goesOn) await system.storage.store(note('other', 1));
    })();
    await system.bus.stop();
    goesOn = false;
    await others;
  });

  test('stop in the pause before a retry waits for it, and a signal ends that', async () => {
    const bus = await startBus(store(), (own) => {
      own.subscribe(
        Noted,
        () => {
          throw new Error('later');
        },
        { retries: 1, retryDelayMs: HOUR },
      );
    });
    const published = bus.publish(note('a', 1), HANDLED);
    void bus.publish(note('b', 1)).then(() => bus.stop());
    published.catch(() => {});
    await settle();
    await bus.stop({ signal: AbortSignal.abort() });
    await expect(published).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
  });

  test('an event that waits for room is what was passed, whatever becomes of it meanwhile', async () => {
    const holder = new Holder();
    const heard: unknown[] = [];
    const bus = await startBus({ ...store(), maxQueueSize: 1 }, (own) => {
      own.subscribe('**', holder.handle);
      own.subscribe('**', ({ data, metadata }) => heard.push([data, metadata.user]));
    });
    await bus.publish(note('first', 1));
    const value = { at: new Date(1), list: [{ one: 1 }], bytes: Uint8Array.of(1) };
    const metadata = { user: 'ada' };
    const data = { note: 'a', value };
    const waiting = bus.publish(Noted(data, { metadata }));
    const batch = bus.publishBatch([Noted(data, { metadata })]);
    await settle();
    value.at.setTime(2);
    value.list.push({ one: 2 });
    value.bytes[0] = 2;
    data.note = 'b';
    metadata.user = 'eve';
    holder.open();
    await Promise.all([waiting, batch]);
    await bus.drain();
    const was = [{ note: 'a', value: { at: new Date(1), list: [{ one: 1 }], bytes: Buffer.of(1) } }, 'ada'];
    expect(JSON.parse(JSON.stringify(heard.slice(1)))).toEqual(JSON.parse(JSON.stringify([was, was])));
  });
});

test('many failed events that are tried again at once are read in one pass', async () => {
  const store = tempStore();
  const engine = await openEngine({ events: ALL_EVENTS, store, durability: 'os' });
  await engine.publishMany(oneTo(1500).map((value) => note(`key-${value}`, value)));
  await engine.close();
  let fails = true;
  const bus = await startBus({ store, durability: 'os' }, (own) => {
    own.subscribe(
      '**',
      () => {
        if (fails) throw new Error('not yet');
      },
      { name: 'ledger' },
    );
  });
  await bus.drain();
  fails = false;
  const { read } = bus.engine;
  let reads = 0;
  bus.engine.read = (options) => {
    reads++;
    return read.call(bus.engine, options);
  };
  await Promise.all(oneTo(1500).map((position) => bus.failedEvents.retry(position)));
  expect(reads).toBeLessThan(5);
  expect(await bus.failedEvents.list()).toEqual([]);
});
