import type { openEngine } from 'millrace';
import { sweep, walkForward } from 'millrace/backtest';
import { createEventBus, createEventStorage, createEventSystem, type EventBus } from 'millrace/bus';
import { openTelemetry } from 'millrace/otel';
import { createPublisher } from 'millrace/publisher';
import { waitFor, whenQuiescent } from 'millrace/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { openForTests } from '../../support/open-test-engine.js';
import { tempFolder } from '../../support/temp-folder.js';

const REFUSED = { code: 'MILLRACE_INVALID_OPTION', message: expect.stringContaining('no AbortSignal') };
const events = [Noted];
const note = Noted({ note: 'a' });
const publisher = createPublisher({ events });
let engine: Awaited<ReturnType<typeof openEngine>>;
let consumer: Awaited<ReturnType<typeof engine.consumers.start>>;
let storage: Awaited<ReturnType<typeof createEventStorage>>;
let system: Awaited<ReturnType<typeof createEventSystem>>;
let bus: EventBus;

beforeAll(async () => {
  engine = await openForTests({ durability: 'memory' });
  consumer = await engine.consumers.start({ name: 'c', handle: () => {} });
  storage = await createEventStorage({ events, threads: 0 });
  system = await createEventSystem({ events, threads: 0 });
  bus = createEventBus({ events, threads: 0 });
  await bus.start();
});
afterAll(() => Promise.all([bus.stop(), system.stop(), storage.close(), engine.close()]));

/** As JavaScript has it: the compiler would refuse each of these. */
type Call = (signal: never) => unknown;

const CALLS: readonly (readonly [name: string, call: Call])[] = [
  ['engine.ready', (signal) => engine.ready(signal)],
  ['engine.publish', (signal) => engine.publish(note, { signal })],
  ['engine.publishMany', (signal) => engine.publishMany([note], { signal })],
  ['engine.append', (signal) => engine.append('a', [], { signal })],
  ['engine.drain', (signal) => engine.drain({ signal })],
  ['consumer.whenCaughtUp', (signal) => consumer.whenCaughtUp(1, { signal })],
  ['engine.read', (signal) => engine.read({ signal }).next()],
  ['engine.profile', (signal) => engine.profile({ directory: tempFolder(), seconds: 0, signal })],
  ['engine.subscribe', (signal) => engine.subscribe(Noted, () => {}, { signal })],
  ['engine.settled', (signal) => engine.settled({ signal })],
  ['publisher.publishAsync', (signal) => publisher.publishAsync(note, { signal })],
  ['publisher.subscribeAll', (signal) => publisher.subscribeAll(() => {}, { signal })],
  ['bus.publish', (signal) => bus.publish(note, { signal })],
  ['bus.publishBatch', (signal) => bus.publishBatch([note], { signal })],
  ['bus.drain', (signal) => bus.drain({ signal })],
  ['bus.stop', (signal) => bus.stop({ signal })],
  ['system.stop', (signal) => system.stop({ signal })],
  ['storage.store', (signal) => storage.store(note, { signal })],
  ['storage.storeMany', (signal) => storage.storeMany([note], { signal })],
  ['sweep', (signal) => sweep({ signal } as never)],
  ['walkForward', (signal) => walkForward({ signal } as never)],
  ['waitFor', (signal) => waitFor(engine, Noted, { signal })],
  ['whenQuiescent', (signal) => whenQuiescent(engine, { signal })],
];

async function thrownBy(call: Call, signal: unknown): Promise<unknown> {
  try {
    await call(signal as never);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('what is passed as a signal and is none is refused:', () => {
  test.each(CALLS)('%s', async (_name, call) => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const { signal } = new AbortController();
    const wrong = [
      null,
      5,
      'abort',
      {},
      { signal },
      new AbortController(),
      Object.create(AbortSignal.prototype),
      proxy,
    ];
    for (const [index, one] of wrong.entries()) {
      expect(await thrownBy(call, one), `the one of index ${index}`).toMatchObject(REFUSED);
    }
  });

  test('and what was refused has left the engine as it was', async () => {
    await engine.ready(new AbortController().signal);
    expect(engine.stats()).toMatchObject({ inFlight: 0 });
    await expect(engine.ready(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });
});

test('openTelemetry refuses what it would ignore', () => {
  const open: (...given: unknown[]) => unknown = openTelemetry as never;
  for (const given of [{}, undefined, 'service']) {
    expect(() => open(given)).toThrow(expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' }));
  }
  expect(open()).toMatchObject({ laneModule: expect.stringContaining('lane.js') });
});
