import type { DomainEvent } from 'millrace';
import type { EventBus } from 'millrace/bus';
import { describe, expect, test } from 'vitest';
import { Audited, Deposited, Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { tempFolder } from '../../support/temp-folder.js';
import { BACKENDS, Holder, makeBus, startBus, valuesOf } from './support.js';

const HANDLED = { until: 'handled' } as const;

describe.each(BACKENDS)('a bus: $backend', ({ store }) => {
  test('hands what is published to its subscribers, with id, time, place and payload', async () => {
    const heard: DomainEvent[] = [];
    const bus = await startBus(store(), (own) => own.subscribe(Noted, (event) => heard.push(event)));
    const receipt = await bus.publish(Noted({ note: 'a', value: 5 }), HANDLED);
    expect(receipt).toEqual({ position: 1, version: 1 });
    expect(heard).toMatchObject([
      { type: 'note.noted', aggregateId: 'a', version: 1, position: 1, data: { note: 'a', value: 5 } },
    ]);
    expect(heard[0]?.id).toMatch(/\/a\/1$/);
    expect(heard[0]?.occurredAt).toBeGreaterThan(0);
  });

  test('calls every subscriber of an event, higher priorities first, equal ones in order', async () => {
    const calls: string[] = [];
    const note = (name: string) => async () => {
      await Promise.resolve();
      calls.push(name);
    };
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, note('low'), { priority: -1 });
      own.subscribe(Noted, note('first'));
      own.subscribe('**', note('high'), { priority: 10 });
      own.subscribe('note.*', note('second'));
      own.subscribe(Audited, note('other'));
    });
    await bus.publish(Noted({ note: 'a' }), HANDLED);
    expect(calls).toEqual(['high', 'first', 'second', 'low']);
  });

  test('publishes a batch in order', async () => {
    const heard: DomainEvent[] = [];
    const bus = await startBus(store(), (own) => own.subscribe(Noted, (event) => heard.push(event)));
    const receipt = await bus.publishBatch(
      oneTo(200).map((value) => Noted({ note: 'batch', value })),
      HANDLED,
    );
    expect(receipt).toEqual({ count: 200, firstPosition: 1, lastPosition: 200 });
    expect(valuesOf(heard)).toEqual(oneTo(200));
  });

  test('a batch may come from an async source, and stops at a bad event', async () => {
    const heard: DomainEvent[] = [];
    const bus = await startBus(store(), (own) => own.subscribe(Noted, (event) => heard.push(event)));
    async function* source() {
      yield Noted({ note: 'a', value: 1 });
      yield { type: 'note.noted', data: { note: 5 } };
      yield Noted({ note: 'a', value: 3 });
    }
    await expect(bus.publishBatch(source())).rejects.toMatchObject({ code: 'MILLRACE_SCHEMA_MISMATCH' });
    await bus.drain();
    expect(valuesOf(heard)).toEqual([1]);
  });

  test('an ended subscription hears nothing more, also of what already waits', async () => {
    const holder = new Holder();
    const heard: DomainEvent[] = [];
    const bus = await startBus(store(), (own) => own.subscribe(Noted, holder.handle));
    const id = bus.subscribe(Noted, (event) => heard.push(event));
    const published = oneTo(3).map((value) => bus.publish(Noted({ note: 'a', value }), HANDLED));
    await holder.has(1);
    expect(bus.unsubscribe(id)).toBe(true);
    expect(bus.unsubscribe(id)).toBe(false);
    holder.open();
    await Promise.all(published);
    expect(heard).toEqual([]);
  });

  test('a subscriber publishes with its context: the cause is filled in', async () => {
    const heard: DomainEvent[] = [];
    const bus = await startBus(store(), (own) => {
      own.subscribe(Deposited, async ({ data }, ctx) => {
        await ctx.publish(Noted({ note: data.account, value: data.amount }));
      });
      own.subscribe('**', (event) => heard.push(event));
    });
    await bus.publish(Deposited({ account: 'a', amount: 7 }, { correlationId: 'story' }));
    await bus.drain();
    const [deposit, note] = heard;
    expect(note).toMatchObject({ type: 'note.noted', data: { value: 7 } });
    expect(note?.metadata).toMatchObject({ causationId: deposit?.id, correlationId: 'story' });
  });

  test('what a subscriber could not publish is a failed try, whether it waited or not', async () => {
    const bus = await startBus(store(), (own) => {
      own.subscribe(Deposited, (_event, ctx) => void ctx.publish({ type: 'note.noted', data: {} }));
    });
    const published = bus.publish(Deposited({ account: 'a', amount: 7 }), HANDLED);
    await expect(published).rejects.toMatchObject({
      code: 'MILLRACE_HANDLER_FAILED',
      cause: { code: 'MILLRACE_SCHEMA_MISMATCH' },
    });
  });

  test('subscribers that never wait do not keep the event loop from going round', async () => {
    let handled = 0;
    let seen: number | undefined;
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, () => {
        if (handled++ === 0) setImmediate(() => (seen = handled));
      });
    });
    await bus.publishBatch(
      oneTo(1500).map((value) => Noted({ note: `n${value % 50}`, value })),
      HANDLED,
    );
    expect(handled).toBe(1500);
    expect(seen).toBeLessThan(1500);
  });
});

describe('the life of a bus', () => {
  const code = (name: string) => ({ code: `MILLRACE_${name}` });
  const note = Noted({ note: 'a' });

  test('it takes nothing before start and after stop', async () => {
    const bus = makeBus();
    await expect(bus.publish(note)).rejects.toMatchObject(code('CLOSED'));
    await expect(bus.publishBatch([note])).rejects.toMatchObject(code('CLOSED'));
    await expect(bus.drain()).rejects.toMatchObject(code('CLOSED'));
    await expect(bus.failedEvents.list()).rejects.toMatchObject(code('CLOSED'));
    expect(() => bus.engine).toThrow(expect.objectContaining(code('CLOSED')));
    await bus.start();
    await bus.publish(note);
    await bus.stop();
    await expect(bus.publish(note)).rejects.toMatchObject(code('CLOSED'));
  });

  test('start and stop twice are once, and it can start again', async () => {
    const heard: DomainEvent[] = [];
    const bus = makeBus();
    bus.subscribe(Noted, (event) => heard.push(event));
    await Promise.all([bus.start(), bus.start()]);
    await bus.publish(note);
    await Promise.all([bus.stop(), bus.stop()]);
    expect(heard).toHaveLength(1);
    void bus.start();
    void bus.stop();
    await bus.start();
    await bus.publish(note, HANDLED);
    await bus.stop();
    expect(heard).toHaveLength(2);
  });

  test('a start that fails leaves nothing open, and may be tried again', async () => {
    const bus = makeBus({ store: tempFolder() });
    await expect(bus.start()).rejects.toMatchObject(code('STORE_PATH'));
    await expect(bus.start()).rejects.toMatchObject(code('STORE_PATH'));
    await bus.stop();
  });

  test('stop finishes what was accepted, and takes nothing more meanwhile', async () => {
    const holder = new Holder();
    const bus = await startBus({}, (own) => own.subscribe(Noted, holder.handle));
    const published = [bus.publish(note, HANDLED), bus.publish(note, HANDLED)];
    await holder.has(1);
    const stopping = bus.stop();
    await expect(bus.publish(note)).rejects.toMatchObject(code('CLOSED'));
    holder.open();
    await stopping;
    expect(await Promise.all(published)).toHaveLength(2);
  });

  test('it ends with its block', async () => {
    let kept: EventBus;
    {
      await using bus = await startBus({});
      kept = bus;
      await bus.publish(note);
    }
    expect(kept.statistics()).toMatchObject({ published: 1, workerCount: 0 });
  });

  test.each<[string, () => unknown, string]>([
    ['no events', () => makeBus({ events: undefined as never }), 'INVALID_OPTION'],
    ['no workers', () => makeBus({ workers: 0 }), 'INVALID_OPTION'],
    ['half a worker', () => makeBus({ workers: 1.5 }), 'INVALID_OPTION'],
    ['a queue of nothing', () => makeBus({ maxQueueSize: 0 }), 'INVALID_OPTION'],
    ['an unknown policy', () => makeBus({ whenFull: 'drop' as never }), 'INVALID_OPTION'],
    ['an unknown type', () => makeBus().subscribe('note.unknown', () => {}), 'UNKNOWN_EVENT_TYPE'],
    ['a pattern for nothing', () => makeBus().subscribe('nobody.*', () => {}), 'UNKNOWN_EVENT_TYPE'],
    ['no function', () => makeBus().subscribe('**', 'print' as never), 'INVALID_OPTION'],
    ['too many retries', () => makeBus().subscribe('**', () => {}, { retries: 101 }), 'INVALID_OPTION'],
    ['a pause below 0', () => makeBus().subscribe('**', () => {}, { retryDelayMs: -1 }), 'INVALID_OPTION'],
    ['a wrong cap', () => makeBus().subscribe('**', () => {}, { maxRetryDelayMs: 1 }), 'INVALID_OPTION'],
    ['too much chance', () => makeBus().subscribe('**', () => {}, { jitter: 2 }), 'INVALID_OPTION'],
    ['no priority', () => makeBus().subscribe('**', () => {}, { priority: Number.NaN }), 'INVALID_OPTION'],
    ['an empty name', () => makeBus().subscribe('**', () => {}, { name: '' }), 'INVALID_OPTION'],
  ])('%s is refused at once', (_what, make, name) => {
    expect(make).toThrow(expect.objectContaining(code(name)));
  });
});
