import fc from 'fast-check';
import { openEngine } from 'millrace';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Feed } from '../../../dist/src/bus/feed.js';
import { HeldBack } from '../../../dist/src/bus/held-back.js';
import { Journal } from '../../../dist/src/bus/journal.js';
import { KeyedQueue } from '../../../dist/src/bus/keyed-queue.js';
import { Processing } from '../../../dist/src/bus/processing.js';
import { ALL_EVENTS, Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { checkProperty } from '../../support/property.js';
import { tempStore } from '../../support/temp-folder.js';
import { settle, valuesOf } from './support.js';

describe('a feed', () => {
  test('takes no more events into memory than there is room for, and goes on when there is room', async () => {
    const journal = await Journal.open({
      events: ALL_EVENTS,
      store: tempStore(),
      durability: 'os',
      threads: 0,
    });
    onTestFinished(() => journal.close());
    const taken: unknown[] = [];
    let room = 10;
    const feed = new Feed(journal, {
      heard: () => {},
      offer: (event) => taken.length < room && taken.push(...valuesOf([event])) > 0,
      woken: () => {},
      failed: (error) => expect.fail(error.message),
    });
    await journal.engine.publishMany(oneTo(300).map((value) => Noted({ note: 'a', value })));
    await settle();
    expect(taken).toEqual(oneTo(10));
    room = 200;
    feed.roomy();
    await settle();
    expect(taken).toEqual(oneTo(200));
    room = 1000;
    feed.roomy();
    await settle();
    await journal.engine.publishMany(oneTo(50).map((value) => Noted({ note: 'a', value: 300 + value })));
    await settle();
    expect(taken).toEqual(oneTo(350));
    feed.stop();
    await journal.engine.publish(Noted({ note: 'a', value: 351 }));
    expect(taken).toHaveLength(350);
  });
});

describe('a processing record', () => {
  const positions = fc.uniqueArray(fc.integer({ min: 1, max: 20_000 }), { maxLength: 200 });

  test('knows after a restart which positions are finished, less those that the log lost', async () => {
    await checkProperty(
      fc.property(
        positions,
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 0, max: 20_000 }),
        (some, head, last) => {
          const finished = new Set([...oneTo(head), ...some]);
          const path = tempStore();
          const first = new Processing({ path, run: 'r', lastPosition: 20_000 });
          for (const position of finished) first.finish(position);
          expect(first.finished).toBe(finished.size);
          first.close();
          const second = new Processing({ path, run: 'r', lastPosition: last });
          const kept = [...finished].filter((position) => position <= last);
          expect(second.finished).toBe(kept.length);
          expect(kept.every((position) => second.isFinished(position))).toBe(true);
          expect(oneTo(20_000).filter((position) => second.isFinished(position))).toHaveLength(kept.length);
          // What was lost is noted anew.
          second.finish(last + 1);
          second.close();
          const third = new Processing({ path, run: 'r', lastPosition: 20_001 });
          expect(third.finished).toBe(kept.length + 1);
          third.close();
        },
      ),
      { runs: 15 },
    );
  });

  test('in memory keeps the newest entries and failed events, and no more', () => {
    const record = new Processing({ path: undefined, run: 'r', lastPosition: 0 });
    const count = 10_100;
    for (const position of oneTo(count)) {
      const type = 'a.b';
      record.note({
        position,
        handler: 'h',
        attempt: 1,
        processedAt: 1,
        milliseconds: 1,
        outcome: 'failed',
        result: undefined,
        error: undefined,
      });
      record.fail({
        position,
        id: `r/a/${position}`,
        type,
        aggregateId: 'a',
        version: position,
        handlers: ['h'],
        attempts: 1,
        firstFailedAt: 1,
        failedAt: 1,
        error: { name: 'Error', message: 'no' },
      });
      record.finish(position);
    }
    expect(record.finished).toBe(count);
    expect(record.failedCount).toBe(10_000);
    expect(record.failures({ after: 0, limit: 1 })[0]?.position).toBe(101);
    expect(record.entries(undefined, { after: 0, limit: 1 })[0]?.position).toBe(101);
    record.close();
  });
});

describe('a keyed queue', () => {
  interface Item {
    readonly key: string;
    readonly number: number;
    readonly failures: number;
    readonly waits: number;
  }

  test('keeps each key in order through retries, with at most so many items at once', async () => {
    const item = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      failures: fc.nat(3),
      waits: fc.nat(3),
    });
    await checkProperty(
      fc.asyncProperty(
        fc.array(item, { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        async (items, workers) => {
          const tries = new Map<number, number>();
          const done: Item[] = [];
          const running = new Set<string>();
          let most = 0;
          let resolve: () => void = () => {};
          const finished = new Promise<void>((settled) => {
            resolve = settled;
          });
          const queue = new KeyedQueue<Item>(
            workers,
            async (one) => {
              expect(running.has(one.key)).toBe(false);
              running.add(one.key);
              most = Math.max(most, running.size);
              for (let turn = 0; turn < one.waits; turn++) await new Promise((next) => setImmediate(next));
              running.delete(one.key);
              const tried = (tries.get(one.number) ?? 0) + 1;
              tries.set(one.number, tried);
              if (tried <= one.failures) return 1;
              done.push(one);
              return undefined;
            },
            { done: () => queue.size === 0 && resolve(), starved: () => {} },
          );
          const numbered = items.map((one, number) => ({ ...one, number }));
          for (const one of numbered) queue.add(one.key, one);
          if (items.length > 0) await finished;
          expect(most).toBeLessThanOrEqual(workers);
          for (const key of ['a', 'b', 'c', 'd', 'e']) {
            const of = (list: readonly Item[]) =>
              list.filter((one) => one.key === key).map(({ number }) => number);
            expect(of(done)).toEqual(of(numbered));
          }
          expect(numbered.every(({ number, failures }) => tries.get(number) === failures + 1)).toBe(true);
        },
      ),
      { runs: 40 },
    );
  });

  describe('with items that take more than a second', () => {
    /** A queue whose items wait until they are let go, and a clock that stands still. */
    function held(workers: number) {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
      onTestFinished(() => void vi.useRealTimers());
      const running = new Map<number, () => void>();
      const queue = new KeyedQueue<number>(
        workers,
        async (number) => {
          await new Promise<void>((resolve) => running.set(number, resolve));
          running.delete(number);
          return undefined;
        },
        { done: () => {}, starved: () => {} },
      );
      const pass = async (milliseconds: number) => void (await vi.advanceTimersByTimeAsync(milliseconds));
      return { queue, running, pass };
    }

    test('lets so many others begin, once a second, and not more at once than 64', async () => {
      const { queue, running, pass } = held(4);
      for (const number of oneTo(100)) queue.add(`key-${number}`, number);
      await pass(999);
      expect([...running.keys()]).toEqual(oneTo(4));
      await pass(1);
      expect([...running.keys()]).toEqual(oneTo(8));
      await pass(14_000);
      expect(running.size).toBe(64);
      await pass(60_000);
      expect(running.size).toBe(64);
      expect(vi.getTimerCount()).toBe(0);
      queue.stop();
    });

    test('has no more workers than before when they have ended', async () => {
      const { queue, running, pass } = held(2);
      for (const number of oneTo(10)) queue.add(`key-${number}`, number);
      await pass(1000);
      expect(running.size).toBe(4);
      for (const number of oneTo(4)) running.get(number)?.();
      await pass(0);
      expect([...running.keys()]).toEqual([5, 6]);
      queue.stop();
      expect(vi.getTimerCount()).toBe(0);
    });

    test('has more than 64 at once when it has more workers', async () => {
      const { queue, running, pass } = held(80);
      for (const number of oneTo(200)) queue.add(`key-${number}`, number);
      await pass(5000);
      expect(running.size).toBe(80);
      queue.stop();
    });
  });

  test('gives up the newer half of each key, and is then as if those had never come', async () => {
    const done: number[] = [];
    const shed: [string, readonly number[]][] = [];
    let letGo: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const queue = new KeyedQueue<number>(
      2,
      async (number) => {
        await gate;
        done.push(number);
        return undefined;
      },
      { done: () => {}, starved: () => {} },
    );
    for (const number of oneTo(5)) queue.add('a', number);
    for (const number of [11, 12]) queue.add('b', number);
    queue.add('c', 21);
    queue.shed(
      (key) => key !== 'b',
      (key, items) => shed.push([key, items]),
    );
    expect(shed).toEqual([['a', [4, 5]]]);
    expect([queue.size, queue.lengthOf('a'), queue.lengthOf('b'), queue.lengthOf('d')]).toEqual([6, 3, 2, 0]);
    queue.add('a', 6);
    letGo();
    await settle();
    expect(done.filter((number) => number < 10)).toEqual([1, 2, 3, 6]);
    expect([queue.size, queue.keys, queue.isStarved]).toEqual([0, 0, true]);
  });

  test('stopped, it begins nothing more', async () => {
    const begun: number[] = [];
    const queue = new KeyedQueue<number>(
      1,
      async (number) => {
        begun.push(number);
        return number === 1 ? 1 : undefined;
      },
      { done: () => {}, starved: () => {} },
    );
    queue.add('a', 1);
    await Promise.resolve().then(() => {});
    queue.add('b', 2);
    queue.stop();
    await settle();
    expect(begun).toEqual([1]);
  });
});

describe('what is held back', () => {
  test('comes out in order, whatever was put back in front of it', async () => {
    await checkProperty(
      fc.property(
        fc.array(fc.oneof(fc.nat(20), fc.constant('take'), fc.constant('back')), { maxLength: 60 }),
        (steps) => {
          const held = new HeldBack();
          const model: number[] = [];
          let last = 0;
          let first = 0;
          for (const step of steps) {
            if (step === 'take') {
              const taken = held.fetch('a', 7);
              expect(taken).toEqual(model.splice(0, taken.length));
              expect(held.has('a')).toBe(model.length > 0 || taken.length > 0);
              held.fetched('a');
            } else if (step === 'back') {
              const back = [first - 2, first - 1];
              first -= 2;
              held.unshift('a', back);
              model.unshift(...back);
            } else {
              for (let count = 0; count < step; count++) {
                held.push('a', ++last);
                model.push(last);
              }
            }
            expect([held.size, held.sizeOf('a'), held.has('a')]).toEqual([
              model.length,
              model.length,
              model.length > 0,
            ]);
          }
        },
      ),
      { runs: 50 },
    );
  });
});

test('a journal that cannot open its record leaves no engine open', async () => {
  const store = tempStore();
  await (await openEngine({ events: ALL_EVENTS, store })).close();
  const { mkdirSync } = await import('node:fs');
  mkdirSync(`${store}-processing`);
  await expect(Journal.open({ events: ALL_EVENTS, store })).rejects.toMatchObject({
    code: 'MILLRACE_STORE_PATH',
  });
  await (await openEngine({ events: ALL_EVENTS, store })).close();
});
