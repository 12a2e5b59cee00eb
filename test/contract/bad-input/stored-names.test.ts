import { openEngine } from 'millrace';
import { createEventBus } from 'millrace/bus';
import { defineEvent, defineHandlers } from 'millrace/define';
import { verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { tempStore } from '../../support/temp-folder.js';

/** Half of an emoji: UTF-8 cannot hold it, so it would come back from a store as another text. */
const HALF = 'half \ud83d';

const Noted = defineEvent('names.noted', {
  schema: z.object({ key: z.string(), partition: z.string().default('p') }),
  aggregateId: ({ key }) => key,
  partitionKey: ({ partition }) => partition,
});

describe.each([
  'publish',
  'off',
] as const)('with validation %s, half a character is refused in', (validate) => {
  test.each([
    ['an aggregate id', Noted({ key: HALF }), {}],
    ['a partition key', Noted({ key: 'a', partition: HALF }), {}],
    ['a correlation id', Noted({ key: 'a' }, { correlationId: HALF }), {}],
    ['metadata', Noted({ key: 'a' }, { metadata: { [HALF]: 1 } }), {}],
  ])('%s', async (_name, event) => {
    const store = tempStore();
    const engine = await openEngine({ store, threads: 0, events: [Noted], validate });
    await expect(engine.publish(event)).rejects.toMatchObject({
      code: expect.stringMatching(/^MILLRACE_(UNSUPPORTED_PAYLOAD|INVALID_NAME)$/),
    });
    await engine.close();
    expect(verifyStore(store)).toMatchObject({ ok: true });
  });
});

test('half a character is refused in the name of a handler module, with and without old events', () => {
  const refused = { code: 'MILLRACE_INVALID_DEFINITION' };
  for (const name of [HALF, '\udc00', 'x'.repeat(1025), '']) {
    expect(() => defineHandlers(name, () => {})).toThrow(expect.objectContaining(refused));
  }
  const asking = (name: string) => defineHandlers(name, (on) => on(Noted, () => {}, { from: 'start' }));
  expect(() => asking('a\nb')).toThrow(expect.objectContaining(refused));
  expect(asking('a 😀/b@7').name).toBe('a 😀/b@7');
});

test('half a character is refused in the name of a bus subscriber, also where it is its function’s', async () => {
  const store = tempStore();
  const bus = await createEventBus({ events: [Noted], store });
  const refused = expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' });
  for (const name of [HALF, 'x'.repeat(1025), '']) {
    expect(() => bus.subscribe(Noted, () => {}, { name })).toThrow(refused);
  }
  const named = Object.defineProperty(() => {}, 'name', { value: HALF });
  expect(() => bus.subscribe(Noted, named)).toThrow(refused);
  bus.subscribe(Noted, () => {}, { name: 'whole 😀' });
  await bus.start();
  await bus.publish(Noted({ key: 'a' }));
  await bus.stop();
  expect(verifyStore(store)).toMatchObject({ ok: true });
});

test('half a character in the names of volatile fields is stored without loss', async () => {
  const store = tempStore();
  const open = () => {
    const Loose = defineEvent('names.loose', {
      schema: z.record(z.string(), z.number()),
      aggregateId: () => 'a',
      volatile: [HALF],
    });
    return openEngine({ store, threads: 0, events: [Loose] }).then((engine) => ({ engine, Loose }));
  };
  for (const version of [1, 2]) {
    const { engine, Loose } = await open();
    expect(await engine.publish(Loose({ a: 1 }))).toMatchObject({ version });
    await engine.close();
  }
  expect(verifyStore(store)).toMatchObject({ ok: true });
});
