import type { DomainEvent, Engine } from 'millrace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Audited, Credited, Deposited, Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { EVERY_ENGINE } from '../../support/executors.js';
import { handlers, openForTests, storeFor } from '../../support/open-test-engine.js';

describe.each(EVERY_ENGINE)('subscribers: $threads threads, $durability', ({ threads, durability }) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ threads, ...storeFor(durability), handlers: [handlers('account')] });
  });
  afterAll(() => engine.close());

  test('hear each durable event of their type once, in position order', async () => {
    const heard: number[] = [];
    using _subscription = engine.subscribe(Noted, (event) => {
      heard.push(event.data.value);
      expect(engine.stats().state).toBe('open');
    });
    await engine.publishMany(oneTo(300).map((value) => Noted({ note: `n${value % 4}`, value })));
    await engine.publish(Deposited({ account: 'other', amount: 1 }));
    await engine.drain();
    expect(heard).toEqual(oneTo(300));
  });

  test('hear emitted events, with everything that a reader sees', async () => {
    const heard: DomainEvent[] = [];
    using _credits = engine.subscribe(Credited, (event) => void heard.push(event));
    using _audits = engine.subscribe(Audited, (event) => void heard.push(event));
    await engine.publish(Deposited({ account: 'heard', amount: 7 }));
    await engine.drain();
    const [credit, audit] = heard;
    expect(credit).toMatchObject({ aggregateId: 'ledger-heard', version: 1, data: { amount: 7 } });
    expect(audit?.metadata.causationId).toBe(credit?.id);
    for await (const stored of engine.read({ aggregateId: 'ledger-heard' })) {
      expect(JSON.stringify(credit)).toBe(JSON.stringify(stored));
    }
  });

  test('of all types hear everything, without gaps', async () => {
    const positions: number[] = [];
    const before = engine.stats().lastPosition;
    using _subscription = engine.subscribeAll(({ position }) => void positions.push(position));
    await engine.publishMany(oneTo(50).map((amount) => Deposited({ account: `a${amount}`, amount })));
    await engine.drain();
    expect(positions).toEqual(oneTo(150).map((number) => before + number));
  });

  test('run by priority, equal ones in the order of subscription', async () => {
    const calls: string[] = [];
    const note = (name: string) => () => void calls.push(name);
    using _low = engine.subscribe(Noted, note('low'), { priority: -1 });
    using _first = engine.subscribe(Noted, note('first'));
    using _high = engine.subscribeAll(note('high'), { priority: 10 });
    using _second = engine.subscribeAll(note('second'));
    await engine.publish(Noted({ note: 'priority' }));
    expect(calls).toEqual(['high', 'first', 'second', 'low']);
  });

  test('with a filter hear only what it lets through', async () => {
    const heard: number[] = [];
    const filter = ({ data }: DomainEvent<{ value?: number }>) => (data.value ?? 0) % 2 === 0;
    using _subscription = engine.subscribe(Noted, ({ data }) => void heard.push(data.value), { filter });
    await engine.publishMany(oneTo(6).map((value) => Noted({ note: 'filter', value })));
    expect(heard).toEqual([2, 4, 6]);
  });

  test('stop hearing when disposed, unsubscribed or aborted', async () => {
    const heard: string[] = [];
    const controller = new AbortController();
    const disposed = engine.subscribe(Noted, () => void heard.push('disposed'));
    const unsubscribed = engine.subscribe(Noted, () => void heard.push('unsubscribed'));
    engine.subscribe(Noted, () => void heard.push('aborted'), { signal: controller.signal });
    engine.subscribe(Noted, () => void heard.push('never'), { signal: AbortSignal.abort() });
    await engine.publish(Noted({ note: 'leaving' }));
    expect(heard).toEqual(['disposed', 'unsubscribed', 'aborted']);
    disposed[Symbol.dispose]();
    unsubscribed.unsubscribe();
    controller.abort();
    await engine.publish(Noted({ note: 'leaving' }));
    expect(heard).toHaveLength(3);
  });

  test('that throw or reject touch nobody else, and are counted', async () => {
    const heard: string[] = [];
    const { subscriberErrors, lastPosition } = engine.stats();
    const fail = () => {
      throw new Error('bad subscriber');
    };
    using _throws = engine.subscribe(Noted, fail, { priority: 3 });
    using _rejects = engine.subscribe(Noted, async () => fail(), { priority: 2 });
    using _filters = engine.subscribe(Noted, () => {}, { priority: 1, filter: fail });
    using _hears = engine.subscribe(Noted, () => void heard.push('heard'));
    const receipts = [
      await engine.publish(Noted({ note: 'bad' })),
      await engine.publish(Noted({ note: 'bad' })),
    ];
    expect(receipts.map(({ position }) => position)).toEqual([lastPosition + 1, lastPosition + 2]);
    expect(heard).toEqual(['heard', 'heard']);
    expect(engine.stats()).toMatchObject({ state: 'open', subscriberErrors: subscriberErrors + 6 });
  });

  test('may publish, and keep what they were given', async () => {
    const bytes: Uint8Array[] = [];
    using _keeps = engine.subscribe(
      Noted,
      ({ data }) => {
        bytes.push(data.value);
        void engine.publish(Noted({ note: 'answer', value: 'yyyyyyyyyyyyyyyy'.repeat(16) }));
      },
      { filter: ({ aggregateId }) => aggregateId === 'question' },
    );
    await engine.publish(Noted({ note: 'question', value: Uint8Array.of(1, 2, 3, 4) }));
    // Enough for the memory that the event travelled in to be used again.
    const filler = 'x'.repeat(200);
    for (let round = 0; round < 3; round++) {
      await engine.publishMany(oneTo(3000).map(() => Noted({ note: 'filler', value: filler })));
    }
    expect(bytes.map((kept) => [...kept])).toEqual([[1, 2, 3, 4]]);
    expect((await engine.publish(Noted({ note: 'answer' }))).version).toBe(2);
  });
});
