import { openEngine } from 'millrace';
import { createEventBus } from 'millrace/bus';
import { defineEvent, defineHandlers } from 'millrace/define';
import { openStoreReader, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collect } from '../../support/collect.js';
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

describe('a name with half a character is nobody, and not the one whose name UTF-8 makes of it:', () => {
  const TAKEN = HALF.toWellFormed();

  test.each(['memory', 'os'] as const)('%s', async (durability) => {
    const store = tempStore();
    const open = () =>
      openEngine({ ...(durability === 'os' && { store }), durability, threads: 0, events: [Noted] });
    let engine = await open();
    await engine.publish(Noted({ key: TAKEN }));
    await engine.consumers.start({ name: TAKEN, handle: () => {} });
    if (durability === 'os') {
      await engine.close();
      engine = await open();
    }
    const read = async (aggregateId: string) => (await collect(engine, { aggregateId })).length;
    expect(await read(TAKEN)).toBe(1);
    expect(await read(HALF)).toBe(0);
    expect(await engine.last(HALF)).toBeUndefined();
    await expect(engine.consumers.remove(HALF)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
    await expect(engine.consumers.remove(`millrace:handler/a.b/${HALF}@1`)).rejects.toMatchObject({
      code: 'MILLRACE_CONSUMER_NOT_FOUND',
    });
    await engine.close();
    if (durability === 'memory') return;
    using reader = openStoreReader(store);
    expect([...reader.read({ aggregateId: TAKEN })]).toHaveLength(1);
    expect([...reader.read({ aggregateId: HALF })]).toEqual([]);
  });

  test('a consumer that such a name would be taken for is not removed', async () => {
    const store = tempStore();
    const open = (module?: string) =>
      openEngine({
        ...{ store, threads: 0, durability: 'os', events: [Noted] },
        ...(module && { handlers: [module] }),
      });
    const late = `data:text/javascript,${encodeURIComponent(`
      import { defineHandlers } from '${import.meta.resolve('millrace/define')}';
      export default defineHandlers('${TAKEN}', (on) => on({ type: 'names.noted' }, () => {}, { from: 'start' }));`)}`;
    const before = await open();
    await before.publish(Noted({ key: 'a' }));
    await before.close();
    const met = await open(late);
    await met.recovered;
    await met.close();
    const engine = await open();
    const [{ name = '' } = {}] = engine.consumers.list();
    expect(name).toContain(TAKEN);
    await expect(engine.consumers.remove(name.replace(TAKEN, HALF))).rejects.toMatchObject({
      code: 'MILLRACE_CONSUMER_NOT_FOUND',
    });
    expect(engine.consumers.list()).toHaveLength(1);
    await engine.close();
  });
});
