import Database from 'better-sqlite3';
import fc from 'fast-check';
import { openEngine } from 'millrace';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Feed } from '../../../dist/src/bus/feed.js';
import { HeldBack } from '../../../dist/src/bus/held-back.js';
import { Journal } from '../../../dist/src/bus/journal.js';
import { KeyedQueue } from '../../../dist/src/bus/keyed-queue.js';
import { MemoryProcessing } from '../../../dist/src/store/memory/memory-processing.js';
import { ALL_EVENTS, Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { checkProperty } from '../../support/property.js';
import { tempStore } from '../../support/temp-folder.js';
import { openSystem, settle, valuesOf } from './support.js';

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

describe('what a bus has noted', () => {
  const positions = fc.uniqueArray(fc.integer({ min: 1, max: 9000 }), { maxLength: 200 });
  const options = (store: string) => ({ events: ALL_EVENTS, store, durability: 'os', threads: 0 }) as const;

  test('is known after a restart: which positions are finished, and no others', async () => {
    const store = tempStore();
    const last = 9000;
    await using engine = await openEngine(options(store));
    await engine.publishMany(oneTo(last).map((value) => Noted({ note: 'a', value })));
    await engine.close();
    const all = new Set<number>();
    await checkProperty(
      fc.asyncProperty(positions, fc.integer({ min: 0, max: 300 }), async (some, head) => {
        const journal = await Journal.open(options(store));
        for (const position of [...oneTo(head), ...some]) {
          all.add(position);
          journal.processing.finish(position);
        }
        expect(journal.processing.finished).toBe(all.size);
        await journal.close();
        const again = await Journal.open(options(store));
        expect(again.processing.finished).toBe(all.size);
        expect(oneTo(last).filter((position) => again.processing.isFinished(position))).toHaveLength(
          all.size,
        );
        expect([...all].every((position) => again.processing.isFinished(position))).toBe(true);
        await again.close();
      }),
      { runs: 4 },
    );
  });

  const entry = {
    ...{ handler: 'h', attempt: 1, processedAt: 1, milliseconds: 1, outcome: 'failed' as const },
    ...{ result: undefined, error: undefined },
  };
  const failed = {
    ...{ id: 'r/a/1', type: 'a.b', aggregateId: 'a', version: 1, handlers: ['h'], attempts: 1 },
    ...{ firstFailedAt: 1, failedAt: 1, error: { name: 'Error', message: 'no' } },
  };

  test('in memory is bounded: the newest entries and failed events stay', () => {
    const kept = new MemoryProcessing();
    const count = 10_100;
    for (const position of oneTo(count)) {
      kept.apply([
        { kind: 'entry', entry: { ...entry, position, number: position } },
        { kind: 'fail', record: { ...failed, position } },
      ]);
    }
    expect(kept.failedCount).toBe(10_000);
    expect(kept.failures({ after: 0, limit: 1 })[0]?.position).toBe(101);
    expect(kept.entries(undefined, { after: 0, limit: 1 })[0]?.position).toBe(101);
  });

  test.each([
    'memory',
    'SQLite',
  ])('is counted at once, stored or not, whatever is sent twice: %s', async (backend) => {
    const journal = await Journal.open(
      backend === 'memory' ? { events: ALL_EVENTS, threads: 0 } : options(tempStore()),
    );
    onTestFinished(() => journal.close());
    const { engine, processing } = journal;
    await engine.publishMany(oneTo(10).map((value) => Noted({ note: 'a', value })));
    const step = async () => {
      for (const position of oneTo(6)) {
        processing.note({ ...entry, position });
        processing.fail({ ...failed, position });
      }
      processing.unfail(3);
      processing.unfail(9);
      expect(processing.failedCount).toBe(5);
      processing.unfail(1);
      expect(processing.failedCount).toBe(4);
      expect(processing.dropEntries(3)).toBe(2);
      expect(processing.dropEntries(3)).toBe(0);
      processing.note({ ...entry, position: 2 });
      // As after a failure of the engine: what may be stored already is sent again.
      processing.engineFailed();
      expect(processing.dropEntries(3)).toBe(1);
      expect(processing.failedCount).toBe(4);
      await processing.flushed();
    };
    await step();
    const failures = await processing.failures({ after: 0, limit: 100 });
    expect(failures.map(({ position }) => position)).toEqual([2, 4, 5, 6]);
    const entries = await processing.entries(undefined, { after: 0, limit: 100 });
    expect(entries.map(({ position }) => position)).toEqual([3, 4, 5, 6]);
    expect(processing.dropEntries(100)).toBe(4);
    await processing.flushed();
    await step();
    expect(await processing.entries(undefined, { after: 0, limit: 100 })).toHaveLength(4);
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

test('a journal that cannot read what was noted leaves no engine open', async () => {
  const store = tempStore();
  const system = await openSystem({ store });
  const { id } = await system.storage.store(Noted({ note: 'a' }));
  await system.storage.markProcessed(id);
  await system.stop();
  const log = new Database(store);
  log.exec('UPDATE consumers SET mark = 5');
  log.close();
  await expect(Journal.open({ events: ALL_EVENTS, store })).rejects.toMatchObject({
    code: 'MILLRACE_STORE_CORRUPT',
  });
  await (await openEngine({ events: ALL_EVENTS, store })).close();
});
