import type { Engine, NewEvent } from 'millrace';
import { UnknownEventTypeError } from 'millrace/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { openForTests } from '../../support/open-test-engine.js';

const CODE = { code: 'MILLRACE_UNKNOWN_EVENT_TYPE' };
const UNKNOWN: readonly [string, unknown][] = [
  ['an unregistered type', Deposited({ account: 'a', amount: 1 })],
  ['a name of Object.prototype', { type: 'constructor', data: {} }],
  ['an event type instead of an event', undefined],
  ['null', null],
  ['a string', 'note.noted'],
  ['an object without a type', { data: { note: 'a' } }],
  ['a type that is no string', { type: 7, data: {} }],
];

describe('an event of no registered type is refused', () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ events: [Noted] });
  });
  afterAll(() => engine.close());

  test.each(UNKNOWN)('%s', async (_name, given) => {
    const event = given as NewEvent;
    await expect(engine.publish(event)).rejects.toBeInstanceOf(UnknownEventTypeError);
    await expect(engine.publishMany([event])).rejects.toMatchObject(CODE);
    await expect(engine.append('a', [event])).rejects.toMatchObject(CODE);
    expect(() => engine.offer(event)).toThrow(expect.objectContaining(CODE));
    expect(engine.stats().accepted).toBe(0);
    expect(await collect(engine)).toEqual([]);
  });

  test('with an error that names the type and the registered ones', async () => {
    const error = await engine.publish(Deposited({ account: 'a', amount: 1 })).catch((thrown) => thrown);
    expect(error.message).toContain("'account.deposited' is not registered");
    expect(error.message).toContain('note.noted');
    expect(error.details).toEqual({ type: 'account.deposited' });
  });

  test('so is a subscription to one, and reading one', async () => {
    expect(() => engine.subscribe(Deposited, () => {})).toThrow(expect.objectContaining(CODE));
    await expect(collect(engine, { types: ['account.deposited'] })).rejects.toMatchObject(CODE);
  });

  test('publishMany keeps what came before it', async () => {
    const events = [Noted({ note: 'before' }), Deposited({ account: 'a', amount: 1 }), Noted({ note: 'x' })];
    await expect(engine.publishMany(events)).rejects.toMatchObject(CODE);
    await engine.drain();
    expect((await collect(engine)).map(({ aggregateId }) => aggregateId)).toEqual(['before']);
  });
});
