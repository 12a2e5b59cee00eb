import type { DomainEvent, Notice } from 'millrace';
import { EngineClosedError, HandlerError, UnknownEventTypeError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { Credited, Deposited, Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { ENGINES } from '../../support/executors.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const boom = new Error('boom');

describe.each(ENGINES)('subscriptions: $threads threads, $durability', ({ threads, durability }) => {
  const open = () => openTestEngine({ threads, ...storeFor(durability), handlers: [handlers('account')] });

  test('by pattern hear the types that match, emitted events too', async () => {
    const engine = await open();
    const heard: string[] = [];
    using _pattern = engine.subscribePattern('*.*ed', ({ type }) => heard.push(type));
    using _ledger = engine.subscribePattern('ledger.**', ({ type }) => heard.push(`ledger: ${type}`));
    await engine.publish(Deposited({ account: 'a', amount: 1 }));
    await engine.drain();
    expect(heard).toEqual([
      'account.deposited',
      'ledger.credited',
      'ledger: ledger.credited',
      'audit.recorded',
    ]);
    expect(() => engine.subscribePattern('leger.*', () => {})).toThrow(UnknownEventTypeError);
  });

  test('take once, transform, filter and owner', async () => {
    const engine = await open();
    const heard: unknown[] = [];
    const owner = {
      total: 0,
      add(this: { total: number }, { data }: DomainEvent<{ amount: number }>) {
        this.total += data.amount;
      },
    };
    engine.subscribe(Noted, (value: number) => heard.push(value), {
      once: true,
      filter: ({ data }) => data.value > 1,
      transform: ({ data }) => data.value * 10,
    });
    engine.subscribe(Deposited, owner.add, { owner, weak: true });
    engine.subscribe(Credited, () => {}, { owner });
    await engine.publishMany(oneTo(3).map((value) => Noted({ note: 'n', value })));
    await engine.publish(Deposited({ account: 'a', amount: 4 }));
    expect([heard, owner.total]).toEqual([[20], 4]);
    expect(engine.subscriptions().map(({ topic }) => topic)).toEqual([
      'account.deposited',
      'ledger.credited',
    ]);
    expect(engine.unsubscribeOwner(owner)).toBe(2);
    expect(engine.subscriptions()).toEqual([]);
  });

  test('that fail are tried again, then reported as a notice, and the events go on', async () => {
    const engine = await open();
    const notices: Notice[] = [];
    engine.onNotice((notice) => notices.push(notice));
    const tries: number[] = [];
    const fail = ({ position }: DomainEvent): void => {
      tries.push(position);
      if (position === 1) throw boom;
    };
    const subscription = engine.subscribe(Noted, fail, { retries: 2, retryDelayMs: 1 });
    engine.subscribe(Noted, async (event) => fail(event));
    await engine.publishMany(oneTo(3).map((value) => Noted({ note: 'n', value })));
    await engine.settled();
    const failed = notices.filter(({ kind }) => kind === 'subscriber-failed');
    expect(failed).toMatchObject([
      { subscription: 2, topic: 'note.noted', position: 1, attempts: 1 },
      { subscription: 1, topic: 'note.noted', position: 1, attempts: 3 },
    ]);
    expect(tries.filter((position) => position === 1)).toHaveLength(4);
    expect(subscription).toMatchObject({ calls: 5, errors: 3, isActive: true });
    expect(engine.subscriberFailures.map(({ event, attempts }) => [event.position, attempts])).toEqual([
      [1, 1],
      [1, 3],
    ]);
    expect(engine.subscriberFailures[0]?.error).toBeInstanceOf(HandlerError);
    expect(engine.subscriberFailures[0]?.error.cause).toBe(boom);
    expect(engine.stats()).toMatchObject({ state: 'open', subscriberErrors: 4 });
  });

  test('say how they do, and go when nothing calls them', async () => {
    const engine = await open();
    const used = engine.subscribe(Noted, () => {});
    const unused = engine.subscribe(Credited, () => {});
    await engine.publishMany(oneTo(100).map((value) => Noted({ note: 'n', value })));
    expect(used).toMatchObject({ id: 1, topic: 'note.noted', calls: 100, errors: 0 });
    expect(used.meanMicros).toBeGreaterThanOrEqual(0);
    expect(used.lastCalledAt).toBeGreaterThanOrEqual(used.registeredAt);
    expect(engine.removeUnused({ olderThan: 60_000 })).toEqual([]);
    expect(engine.removeUnused({ olderThan: 0 })).toContain(unused);
  });

  test('end with the engine: retries that wait are given up and reported', async () => {
    const engine = await open();
    const notices: Notice[] = [];
    engine.onNotice((notice) => notices.push(notice));
    const subscription = engine.subscribe(Noted, () => Promise.reject(boom), {
      retries: 1,
      retryDelayMs: 86_400_000,
    });
    await engine.publish(Noted({ note: 'a' }));
    await Promise.resolve();
    await engine.close();
    expect(subscription.isActive).toBe(false);
    expect(notices).toMatchObject([{ kind: 'subscriber-failed', position: 1, attempts: 1 }]);
    expect(() => engine.subscribe(Noted, () => {})).toThrow(EngineClosedError);
    expect(() => engine.subscribeAll(() => {})).toThrow(EngineClosedError);
    expect(() => engine.subscribePattern('**', () => {})).toThrow(EngineClosedError);
    await engine.settled();
  });
});
