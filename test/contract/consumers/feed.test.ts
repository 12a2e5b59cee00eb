import type { DomainEvent } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { startHearing } from '../../support/heard.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const notes = (count: number, keys = 3) =>
  oneTo(count).map((value) => Noted({ note: `n${value % keys}`, value }));

const ENGINES = [
  { threads: 0, durability: 'memory' },
  { threads: 0, durability: 'disk' },
  { threads: 2, durability: 'os' },
] as const;

describe.each(ENGINES)('consumers: $threads threads, $durability', ({ threads, durability }) => {
  const open = () => openTestEngine({ threads, ...storeFor(durability) });

  test('a consumer from the start gets every event once, in the order of the log, old and new', async () => {
    const engine = await open();
    await engine.publishMany(notes(1300));
    const { consumer, heard } = await startHearing(engine);
    await engine.publishMany(notes(700));
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual(oneTo(2000));
    expect(consumer.status()).toEqual({
      ...{ name: 'c', state: 'running', position: 2000, lag: 0, parkedKeys: 0, failures: 0 },
      ...{ handled: 2000, failed: 0, retried: 0, skipped: 0, inFlight: 0 },
    });
  });

  test('it gets what reading the log gives', async () => {
    const engine = await open();
    await engine.publish(Noted({ note: 'n', value: { deep: [1] } }, { metadata: { tenant: 't' } }));
    const got: DomainEvent[] = [];
    const consumer = await engine.consumers.start({ name: 'c', handle: (event) => void got.push(event) });
    await engine.publish(Noted({ note: 'n', value: 2 }));
    await consumer.whenCaughtUp();
    const read = await collect(engine);
    expect(read).toHaveLength(2);
    expect(got.map((event) => JSON.stringify(event))).toEqual(read.map((event) => JSON.stringify(event)));
  });

  test('`now` begins behind the last durable event, a position with the event there', async () => {
    const engine = await open();
    await engine.publishMany(notes(10));
    const now = await startHearing(engine, { name: 'now', from: 'now' });
    const fourth = await startHearing(engine, { name: 'fourth', from: 4 });
    const end = await startHearing(engine, { name: 'end', from: 11 });
    expect(now.consumer.status()).toMatchObject({ position: 10, lag: 0 });
    await engine.publish(Noted({ note: 'n' }));
    for (const { consumer } of [now, fourth, end]) await consumer.whenCaughtUp();
    expect(now.heard.positions).toEqual([11]);
    expect(fourth.heard.positions).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
    expect(end.heard.positions).toEqual([11]);
  });

  test('`types` leaves out all others, which count as done, and gives the rest in their own types', async () => {
    const engine = await openTestEngine({
      threads,
      ...storeFor(durability),
      handlers: [handlers('account')],
    });
    const amounts: number[] = [];
    const consumer = await engine.consumers.start({
      name: 'amounts',
      types: [Deposited],
      handle: (event) => void amounts.push(event.data.amount),
    });
    await engine.publishMany(oneTo(600).map((amount) => Deposited({ account: 'a', amount })));
    await engine.drain();
    await consumer.whenCaughtUp();
    expect(amounts).toEqual(oneTo(600));
    expect(consumer.status()).toMatchObject({ position: 1800, lag: 0, handled: 600 });
  });

  test('two consumers and a slow one do not wait for each other', async () => {
    const engine = await open();
    const slow = Promise.withResolvers<void>();
    const held = await engine.consumers.start({ name: 'slow', handle: () => slow.promise });
    const { consumer, heard } = await startHearing(engine);
    await engine.publishMany(notes(3000));
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual(oneTo(3000));
    expect(held.status()).toMatchObject({ position: 0, lag: 3000, inFlight: 1 });
    slow.resolve();
  });

  test('a backlog of thousands is handed out while new events come, without a gap or a double', async () => {
    const engine = await open();
    await engine.publishMany(notes(5000, 50));
    const { consumer, heard } = await startHearing(engine, { concurrency: 4 });
    const publishing = engine.publishMany(notes(3000, 50));
    await heard.count(100);
    await publishing;
    await consumer.whenCaughtUp();
    expect([...heard.positions].sort((a, b) => a - b)).toEqual(oneTo(8000));
  });

  test('a stopped consumer goes on where it was, whatever `from` says', async () => {
    const engine = await open();
    await engine.publishMany(notes(20));
    const first = await startHearing(engine);
    await first.consumer.whenCaughtUp();
    await first.consumer.stop();
    await engine.publishMany(notes(5));
    expect(engine.consumers.list()).toMatchObject([{ name: 'c', state: 'stopped', position: 20, lag: 5 }]);
    const second = await startHearing(engine, { from: 1 });
    await second.consumer.whenCaughtUp();
    expect(second.heard.positions).toEqual([21, 22, 23, 24, 25]);
  });
});
