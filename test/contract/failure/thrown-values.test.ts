import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openForTests, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';
import { startBus } from '../bus/support.js';

const ODD = ['stackless', 'message', 'getter', 'revoked', 'foreign', 'symbol', 'nothing'] as const;

describe.each(INLINE_AND_THREADS)('with %i threads', (threads) => {
  test('whatever a handler throws, its event becomes a dead letter and its engine goes on, also when opened again', async () => {
    const store = tempStore();
    const options = { store, durability: 'os', threads, handlers: [handlers('throwing')] } as const;
    const engine = await openForTests(options);
    await engine.publishMany(ODD.map((value) => Noted({ note: value, value })));
    await engine.publish(Noted({ note: 'fine', value: 1 }), { until: 'handled' });
    await engine.drain();
    expect(engine.stats()).toMatchObject({ state: 'open', parkedKeys: ODD.length });
    await engine.close();
    const again = await openTestEngine({ ...options, shared: { healed: true } });
    const letters = await again.deadLetters.list();
    expect(letters.map(({ aggregateId }) => aggregateId)).toEqual(ODD);
    expect(letters.map(({ error }) => error.message)).toEqual([
      'x',
      '{"reason":"an object"}',
      'Error',
      expect.stringContaining('no error'),
      'of another realm',
      expect.stringContaining('Symbol(thrown)'),
      expect.stringContaining('undefined'),
    ]);
    for (const { position } of letters.slice(1)) await again.deadLetters.retry(position);
    await again.deadLetters.discard(1);
    expect(await again.deadLetters.list()).toEqual([]);
  });
});

test.each([
  ['a message that is an object', '{"name":"Error","message":{"reason":"old"}}', '{"reason":"old"}'],
  ['nothing but a number', '5', expect.stringContaining('damaged')],
  ['a stack and a cause of other kinds', '{"name":1,"message":"m","stack":{},"cause":7,"details":[]}', 'm'],
  ['no JSON at all', '{"name":"Err', expect.stringContaining('damaged')],
])('a dead letter with %s, as another version may have written it, is listed, retried and discarded', async (_name, text, message) => {
  const store = tempStore();
  const options = { store, durability: 'os', handlers: [handlers('throwing')] } as const;
  const engine = await openForTests(options);
  await engine.publishMany(['a', 'b', 'c'].map((note) => Noted({ note, value: 'foreign' })));
  await engine.drain();
  await engine.close();
  using database = Object.assign(new Database(store), { [Symbol.dispose]: () => database.close() });
  database.prepare('UPDATE dead_letters SET error = ? WHERE position <= 2').run(text);
  database.close();
  const again = await openTestEngine({ ...options, shared: { healed: true } });
  const letters = await again.deadLetters.list();
  expect(letters.map(({ error }) => error.message)).toEqual([message, message, 'of another realm']);
  await again.deadLetters.retry(1);
  await again.deadLetters.discard(2);
  expect((await again.deadLetters.list()).map(({ position }) => position)).toEqual([3]);
});

test('whatever a subscriber of a bus throws, its event is a failed event and the bus goes on', async () => {
  const thrown: unknown[] = [
    Object.assign(new Error('x'), { stack: null }),
    Object.assign(new Error('x'), { message: { reason: 'an object' } }),
    Proxy.revocable({}, {}).proxy,
    Symbol('thrown'),
    undefined,
  ];
  const bus = await startBus({ store: tempStore(), durability: 'os' }, (made) => {
    made.subscribe(Noted, ({ data }) => {
      if (typeof data.value === 'number') throw thrown[data.value];
    });
  });
  for (const value of thrown.keys()) await bus.publish(Noted({ note: `n${value}`, value }));
  await bus.publish(Noted({ note: 'fine' }), { until: 'handled' });
  await bus.drain();
  const failed = await bus.failedEvents.list();
  expect(failed.map(({ error }) => error.message)).toEqual([
    'x',
    '{"reason":"an object"}',
    expect.any(String),
    expect.stringContaining('Symbol(thrown)'),
    expect.stringContaining('undefined'),
  ]);
  expect(await bus.failedEvents.clear()).toBe(thrown.length);
});
