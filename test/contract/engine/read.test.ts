import type { Engine, ReadOptions } from 'millrace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { EVERY_ENGINE } from '../../support/executors.js';
import { handlers, openForTests, storeFor } from '../../support/open-test-engine.js';

// More than two pages of 512, so that reading crosses their edges.
const COUNT = 1200;

describe.each(EVERY_ENGINE)('read: $threads threads, $durability', ({ threads, durability }) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ threads, ...storeFor(durability), handlers: [handlers('account')] });
    await engine.publishMany(oneTo(COUNT).map((value) => Noted({ note: `n${value % 2}`, value })));
    await engine.publish(Deposited({ account: 'bank', amount: 1 }));
    await engine.drain();
  });
  afterAll(() => engine.close());

  test('without options gives the whole log in position order', async () => {
    const events = await collect(engine);
    expect(events.map(({ position }) => position)).toEqual(oneTo(COUNT + 3));
    expect(events[COUNT - 1]?.data).toEqual({ note: 'n0', value: COUNT });
  });

  test('fromPosition starts there', async () => {
    const events = await collect(engine, { fromPosition: COUNT });
    expect(events.map(({ position }) => position)).toEqual([COUNT, COUNT + 1, COUNT + 2, COUNT + 3]);
    expect(await collect(engine, { fromPosition: COUNT + 4 })).toEqual([]);
  });

  test('aggregateId gives one aggregate in version order, fromVersion starts there', async () => {
    const all = await collect(engine, { aggregateId: 'n1' });
    expect(all.map(({ version }) => version)).toEqual(oneTo(COUNT / 2));
    expect(all.every(({ aggregateId }) => aggregateId === 'n1')).toBe(true);
    const tail = await collect(engine, { aggregateId: 'n1', fromVersion: COUNT / 2 - 1 });
    expect(tail.map(({ version }) => version)).toEqual([COUNT / 2 - 1, COUNT / 2]);
  });

  test('an aggregate that does not exist has no events', async () => {
    expect(await collect(engine, { aggregateId: 'nobody' })).toEqual([]);
  });

  test('types gives only these', async () => {
    const types = ['account.deposited', 'audit.recorded'];
    expect((await collect(engine, { types })).map(({ type }) => type)).toEqual(types);
    expect(await collect(engine, { aggregateId: 'n1', types })).toEqual([]);
  });

  test('stops when its signal aborts, and when its consumer has enough', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { position } of engine.read({ signal: controller.signal })) {
        seen.push(position);
        if (position === 3) controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(seen).toEqual([1, 2, 3]);
    for await (const { position } of engine.read()) {
      expect(position).toBe(1);
      break;
    }
  });

  test.each<[string, ReadOptions, string]>([
    ['fromPosition 0', { fromPosition: 0 }, 'MILLRACE_INVALID_OPTION'],
    ['fromVersion 1.5', { aggregateId: 'n1', fromVersion: 1.5 }, 'MILLRACE_INVALID_OPTION'],
    ['an unknown type', { types: ['no.such'] }, 'MILLRACE_UNKNOWN_EVENT_TYPE'],
  ])('refuses %s', async (_name, options, code) => {
    await expect(collect(engine, options)).rejects.toMatchObject({ code });
  });
});
