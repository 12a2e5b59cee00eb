import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DomainEvent, NewEvent } from 'millrace';
import { expect, test } from 'vitest';
import { Posted, ran } from '../../handlers/posted.mjs';
import { collect } from '../../support/collect.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const DETERMINISTIC = { events: [Posted], handlers: [handlers('posted')], deterministic: true };

/** One object and one Date, changed for every event. */
function* reused(count: number): Generator<NewEvent> {
  const data = { id: '', key: 'k', value: { number: 0, at: new Date(0) } };
  const options = { occurredAt: new Date(0), metadata: { number: 0 } };
  for (let number = 1; number <= count; number++) {
    data.id = `a ${number % 7}`;
    data.value.number = number;
    data.value.at.setTime(number);
    options.occurredAt.setTime(number);
    options.metadata.number = number;
    yield Posted(data, options);
  }
}

const asPublished = (events: readonly DomainEvent[]) =>
  events.map(({ aggregateId, occurredAt, metadata, data }) => {
    const { value } = data as { value: { number: number; at: Date } };
    return [aggregateId, occurredAt, metadata.number, value.number, value.at.getTime()];
  });

test.each([
  0, 2,
])('what is published is what is stored, though one object is used again: %i threads', async (threads) => {
  const engine = await openTestEngine({ ...DETERMINISTIC, threads, maxInFlight: 16 });
  await engine.publishMany(reused(500));
  await engine.drain();
  const expected = Array.from({ length: 500 }, (_, index) => index + 1).map((number) => [
    `a ${number % 7}`,
    ...Array(4).fill(number),
  ]);
  expect(asPublished(await collect(engine))).toEqual(expected);
});

test('so does what waits for room, or for its key to be quiet', async () => {
  const engine = await openTestEngine({ ...DETERMINISTIC, maxInFlight: 2 });
  const data = { id: 'first', key: 'k', pause: true };
  const at = new Date(1);
  const change = (id: string, key = 'k') => {
    Object.assign(data, { id, key });
    at.setTime(at.getTime() + 1);
  };
  const event = () => Posted(data, { occurredAt: at });
  expect(engine.offer(event())).toBe(true);
  change('offered');
  expect(engine.offer(event())).toBe(true);
  change('published');
  const published = engine.publish(event());
  change('appended', 'other');
  const list = [event()];
  const options = { expectedVersion: 0 };
  const appended = engine.append('appended', list, options);
  options.expectedVersion = 7;
  list.push(event());
  change('nothing', 'nobody');
  await Promise.all([published, appended]);
  await engine.drain();
  const all = await collect(engine);
  expect(all.map(({ aggregateId, occurredAt }) => [aggregateId, occurredAt])).toEqual([
    ['first', 1],
    ['offered', 2],
    ['published', 3],
    ['appended', 4],
  ]);
});

test('one append that cannot fit is refused, and says the limit', async () => {
  const engine = await openTestEngine({ events: [Posted], maxInFlight: 100, maxInFlightBytes: 2_000_000 });
  const events = (count: number, value?: string) =>
    Array.from({ length: count }, () => Posted({ id: 'a', key: 'a', value }));
  const code = 'MILLRACE_APPEND_TOO_LARGE';
  await expect(engine.append('a', events(101))).rejects.toMatchObject({
    code,
    details: { events: 101, limit: 100 },
  });
  const bytes = engine.append('a', events(5, 'x'.repeat(500_000)));
  await expect(bytes).rejects.toMatchObject({ code, details: { limit: 2_000_000 } });
  expect(await engine.append('a', events(100))).toEqual({ position: 100, version: 100 });
});

test('appends wait until there is room for all of their events', async () => {
  const engine = await openTestEngine({ ...DETERMINISTIC, maxInFlight: 100 });
  let most = 0;
  engine.onNotice(() => {
    most = Math.max(most, engine.stats().inFlight);
  });
  const events = (id: string) => Array.from({ length: 60 }, () => Posted({ id, key: id }, { occurredAt: 1 }));
  const appends = ['a', 'b', 'c'].map((id) => engine.append(id, events(id)));
  expect(engine.stats().inFlight).toBe(60);
  await Promise.all(appends);
  await engine.drain();
  expect(most).toBeLessThanOrEqual(100);
  expect(engine.stats().lastPosition).toBe(180);
});

test('a signal has one listener however many calls wait with it, and none after them', async () => {
  const engine = await openTestEngine({ ...DETERMINISTIC, maxInFlight: 1 });
  const { signal } = new AbortController();
  const event = () => Posted({ id: 'a', key: 'a' }, { occurredAt: 1 });
  const calls = Array.from({ length: 30 }, () => engine.publish(event(), { signal }));
  calls.push(engine.append('a', [event()], { signal }));
  const others: Promise<unknown>[] = [
    engine.publishMany([event(), event()], { signal }),
    engine.ready(signal),
  ];
  others.push(engine.drain({ signal }), engine.settled({ signal }));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await Promise.all([...calls, ...others]);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('publishMany keeps nothing of the items of a stream that it has taken', async () => {
  const engine = await openTestEngine({ events: [Posted] });
  const { signal } = new AbortController();
  const taken: WeakRef<object>[] = [];
  async function* stream(): AsyncGenerator<NewEvent> {
    for (let number = 0; number < 2000; number++) {
      const event = Posted({ id: 'a', key: 'a', value: number });
      taken.push(new WeakRef(event));
      yield event;
      expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(1);
      if (number === 1999) {
        await new Promise((resolve) => setImmediate(resolve));
        collectGarbage();
        const alive = taken.filter((event) => event.deref() !== undefined).length;
        expect(alive).toBeLessThan(100);
      }
    }
  }
  await engine.publishMany(stream(), { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('publishMany ends with the reason of its signal while a stream gives nothing', async () => {
  const engine = await openTestEngine({ events: [Posted] });
  const controller = new AbortController();
  const reason = new Error('enough');
  async function* silent(): AsyncGenerator<NewEvent> {
    yield Posted({ id: 'a', key: 'a' });
    setImmediate(() => controller.abort(reason));
    await new Promise(() => {});
  }
  await expect(engine.publishMany(silent(), { signal: controller.signal })).rejects.toBe(reason);
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
});

test('an engine takes events again after a large one of the log was put back on its way', async () => {
  const engine = await openTestEngine({
    events: [Posted],
    handlers: [handlers('posted')],
    ...storeFor('os'),
    maxInFlightBytes: 2_000_000,
  });
  const bad = engine.publish(Posted({ id: 'small', key: 'k', value: 'fails' }), { until: 'handled' });
  await expect(bad).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
  await engine.publish(Posted({ id: 'large', key: 'k', value: 'x'.repeat(5_000_000) }));
  ran.cured = true;
  await engine.deadLetters.retry(1);
  await engine.publish(Posted({ id: 'next', key: 'n' }));
  expect(engine.stats().lastPosition).toBe(3);
});

test('handlers see what shared was when the engine was opened', async () => {
  const shared = { list: [1], memory: new SharedArrayBuffer(8) };
  const engine = await openTestEngine({ events: [Posted], handlers: [handlers('shared')], shared });
  shared.list.push(2);
  new Uint8Array(shared.memory)[0] = 7;
  await engine.publish(Posted({ id: 'a', key: 'a' }), { until: 'handled' });
  const [, seen] = await collect(engine);
  expect(seen?.data).toMatchObject({ value: { list: [1], first: 7 } });
});
