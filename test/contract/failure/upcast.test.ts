import type { DomainEvent } from 'millrace';
import { openStoreReader } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isRecheckable } from '../../../dist/src/events/schema-kind.js';
import { Arrived, Moved, MovedBefore } from '../../handlers/upcasting.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openForTests, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';
import { startBus } from '../bus/support.js';

const BAD = ['throws', 'rejects', 'invalid', 'function', 'nothing'] as const;
/** A key for each bad event, with a good one behind it, and a key without a bad one. */
const STORED = [
  ...BAD.flatMap((how) => [how, 'home'].map((to) => [how, to] as const)),
  ['good', 'home'] as const,
];

/** A log of the type's first version, of which no lane has finished anything. */
async function storedBefore(): Promise<string> {
  const store = tempStore();
  const events = [MovedBefore];
  const engine = await openForTests({
    store,
    durability: 'os',
    events,
    handlers: [handlers('stopping-before')],
  });
  await engine.publishMany(STORED.map(([id, how]) => MovedBefore({ id, how })));
  await engine.drain().catch(() => {});
  await engine.close().catch(() => {});
  using reader = openStoreReader(store);
  expect(reader.summary()).toMatchObject({ lastPosition: STORED.length, unfinished: STORED.length });
  return store;
}

const TODAY = { events: [Moved, Arrived], durability: 'os' } as const;

const failed = (position: number) => ({
  code: 'MILLRACE_UPCAST',
  message: expect.stringContaining(`'moved.moved' at position ${position} was stored with version 1`),
  details: { type: 'moved.moved', function: 'upcast', position, storedVersion: 1 },
});

describe.each(INLINE_AND_THREADS)('on lanes with %i threads', (threads) => {
  test('an event whose upcast fails parks its own key, and no other', async () => {
    const store = await storedBefore();
    const engine = await openTestEngine({ ...TODAY, store, threads, handlers: [handlers('upcasting')] });
    await engine.drain();
    const letters = await engine.deadLetters.list();
    expect(letters.map(({ error }) => error)).toMatchObject(BAD.map((_, index) => failed(2 * index + 1)));
    const arrived = () => collect(engine, { types: ['moved.arrived'] });
    const ids = (events: readonly DomainEvent[]) => events.map(({ data }) => (data as { id: string }).id);
    expect(ids(await arrived())).toEqual(['good']);
    for (const { position } of letters) await engine.deadLetters.discard(position);
    await engine.drain();
    expect(ids(await arrived()).sort()).toEqual(['good', ...BAD].sort());
  });
});

test('read says which event it is, and can go on behind it', async () => {
  const engine = await openTestEngine({ ...TODAY, store: await storedBefore() });
  await expect(collect(engine)).rejects.toMatchObject(failed(1));
  await expect(collect(engine, { aggregateId: 'invalid' })).rejects.toMatchObject(failed(5));
  expect(await collect(engine, { fromPosition: STORED.length })).toMatchObject([{ data: { to: 'home' } }]);
  const stream = engine.read();
  await expect(stream.next()).rejects.toMatchObject(failed(1));
  expect(await stream.next()).toMatchObject({ value: { position: 2, data: { to: 'home' } } });
});

test('a trace shows every event of its story, and is not ended by those of others', async () => {
  const engine = await openTestEngine({ ...TODAY, store: await storedBefore() });
  const trace = await engine.trace({ position: STORED.length });
  expect(trace).toMatchObject({ events: 1, roots: [{ event: { aggregateId: 'good' } }] });
  expect(await engine.trace({ position: 1 })).toMatchObject({
    roots: [{ event: { aggregateId: 'throws', data: { how: 'throws' } } }],
  });
});

test('on a bus it is a failed event of its subscribers, and every other event reaches them', async () => {
  const store = await storedBefore();
  const heard: unknown[] = [];
  const bus = await startBus({ ...TODAY, store }, (made) => {
    made.subscribe(Moved, ({ data }) => heard.push(data), { name: 'mover', retries: 3 });
  });
  await bus.drain();
  expect(heard).toHaveLength(STORED.length - BAD.length);
  const events = await bus.failedEvents.list();
  expect(events).toMatchObject(
    BAD.map((_, index) => ({
      position: 2 * index + 1,
      handler: 'mover',
      attempts: 1,
      error: failed(2 * index + 1),
    })),
  );
  await expect(bus.failedEvents.retry(1)).rejects.toMatchObject({
    code: 'MILLRACE_HANDLER_FAILED',
    cause: failed(1),
  });
  await bus.publish(Moved({ id: 'throws', to: 'here' }), { until: 'handled' });
  expect(heard).toHaveLength(STORED.length - BAD.length + 1);
  await bus.stop();
  const again = await startBus({ ...TODAY, store });
  expect(await again.failedEvents.clear()).toBe(BAD.length);
});

test('what a schema makes of a payload is checked again only where that changes nothing', () => {
  const object = z.object({ a: z.string().trim().optional(), b: z.array(z.union([z.number(), z.date()])) });
  expect(isRecheckable(object)).toBe(true);
  type Tree = { readonly children: readonly Tree[] };
  const tree: z.ZodType<Tree> = z.lazy(() => z.object({ children: z.array(tree) }));
  expect(isRecheckable(tree)).toBe(true);
  expect(isRecheckable(object.extend({ c: z.string().transform(Number) }))).toBe(false);
  expect(isRecheckable(z.record(z.string(), z.array(z.preprocess(String, z.string()))))).toBe(false);
  expect(isRecheckable({ safeParse: () => ({}) } as never)).toBe(false);
});
