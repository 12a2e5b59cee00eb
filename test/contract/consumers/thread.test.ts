import { threadId } from 'node:worker_threads';
import type { Engine } from 'millrace';
import type { ConsumerOptions } from 'millrace/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Child } from '../../support/child.js';
import { oneTo } from '../../support/collect.js';
import { notebook } from '../../support/notebook.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const start = (engine: Engine, options: Partial<ConsumerOptions> = {}) =>
  engine.consumers.start({ name: 'c', where: 'thread', module: handlers('thread-consumer'), ...options });

describe.each(['memory', 'os'] as const)('a consumer on a thread of its own: %s', (durability) => {
  const open = () => openTestEngine(storeFor(durability));

  test('has its handler called there, with every event, in order, and stores its progress', async () => {
    const store = storeFor(durability);
    const engine = await openTestEngine(store);
    const { note, lines, positions } = notebook();
    await engine.publishMany(oneTo(60).map((number) => note(number, number % 2 ? 'later' : 'note')));
    const consumer = await start(engine);
    await engine.publish(note(61));
    await consumer.whenCaughtUp();
    expect(positions()).toEqual(oneTo(61));
    const threads = new Set(lines().map((line) => Number(line.split(' ')[2])));
    expect(threads.size).toBe(1);
    expect(threads.has(threadId)).toBe(false);
    expect(consumer.status()).toMatchObject({ state: 'running', position: 61, lag: 0, handled: 61 });
    await consumer.replay(60);
    await consumer.whenCaughtUp();
    expect(positions().slice(61)).toEqual([60, 61]);
    await engine.close();
    if (durability === 'memory') return;
    const again = await openTestEngine(store);
    const second = await start(again);
    await again.publish(note(62));
    await second.whenCaughtUp();
    expect(positions().slice(63)).toEqual([62]);
  });

  test('that throws there fails by the rule, with the error as it was', async () => {
    const engine = await open();
    const { note, positions } = notebook();
    await engine.publishMany([note(1, 'throw'), note(2), note(5)]);
    const consumer = await start(engine, { retries: 1, retryDelayMs: 1 });
    await consumer.whenCaughtUp();
    expect(positions()).toEqual([2]);
    expect(consumer.failures()).toMatchObject([
      {
        position: 1,
        state: 'parked',
        attempts: 2,
        error: { name: 'RangeError', code: 'E_TRY', message: 'try 2 of c' },
      },
    ]);
  });

  test('that ends its thread fails alone: what was under way beside it is done', async () => {
    const engine = await open();
    const { note, positions } = notebook();
    await engine.publishMany([
      note(1, 'later'),
      note(2, 'exit'),
      note(3, 'later'),
      note(4, 'later'),
      note(6),
    ]);
    const consumer = await start(engine, { concurrency: 4 });
    await consumer.whenCaughtUp();
    expect(new Set(positions())).toEqual(new Set([1, 3, 4]));
    expect(consumer.failures()).toMatchObject([
      { position: 2, state: 'parked', error: { code: 'MILLRACE_CONSUMER_THREAD' } },
    ]);
    await engine.publish(note(7));
    await consumer.whenCaughtUp();
    expect(positions().at(-1)).toBe(6);
  });

  test('has its signal aborted there, and its event comes again', async () => {
    const engine = await open();
    const { note, lines } = notebook();
    await engine.publish(note(1, 'wait'));
    const consumer = await start(engine);
    await expect.poll(lines).toEqual(['waits 1']);
    await consumer.pause();
    expect(consumer.status()).toMatchObject({ state: 'paused', position: 0, failed: 0 });
    consumer.resume();
    await expect.poll(lines).toEqual(['waits 1', 'waits 1']);
  });

  test('that never ends is ended with its thread, 10 s after its signal has aborted', async () => {
    const engine = await open();
    const { note, lines } = notebook();
    await engine.publish(note(1, 'hang'));
    const consumer = await start(engine);
    await expect.poll(lines).toEqual(['hangs 1']);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const closed = engine.close();
    await vi.advanceTimersByTimeAsync(10_000);
    await closed;
    expect(consumer.status()).toMatchObject({ state: 'stopped', position: 0, inFlight: 0 });
  });

  test.each([
    ['no such file', handlers('thread-nowhere'), 'HANDLER_MODULE_NOT_FOUND'],
    ['no function', handlers('thread-no-consumer'), 'HANDLER_MODULE_INVALID'],
    ['a module that cannot be loaded', 'data:text/javascript,throw new Error("no")', 'HANDLER_MODULE_FAILED'],
    ['a module that ends its thread', 'data:text/javascript,process.exit(3)', 'CONSUMER_THREAD'],
  ])('with %s is refused, and its name is free', async (_what, module, code) => {
    const engine = await open();
    await expect(start(engine, { module })).rejects.toMatchObject({ code: `MILLRACE_${code}` });
    expect(engine.consumers.list()).toEqual([]);
    await start(engine);
  });
});

test('killed, it misses nothing and keeps the order of each key', async () => {
  const store = tempStore();
  const { file, lines, note } = notebook();
  for (let time = 1; time <= 2; time++) {
    const child = new Child('thread-consumer-until-killed.mjs', store, file);
    await child.wrote(1);
    await child.kill();
  }
  const engine = await openTestEngine({ store, durability: 'os' });
  await engine.publish(note(1));
  const consumer = await start(engine);
  await consumer.whenCaughtUp();
  const last = engine.stats().lastPosition;
  const first = new Map<number, string>();
  for (const line of lines()) {
    const [position = '', key = ''] = line.split(' ');
    if (!first.has(Number(position))) first.set(Number(position), key);
  }
  expect([...first.keys()].sort((a, b) => a - b)).toEqual(oneTo(last));
  for (const key of new Set(first.values())) {
    const positions = [...first].filter(([, own]) => own === key).map(([position]) => position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  }
});
