import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Engine } from 'millrace';
import type { Consumer, ConsumerOptions } from 'millrace/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { oneTo } from '../../support/collect.js';
import { endThreads } from '../../support/live-threads.js';
import { notebook } from '../../support/notebook.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempFolder } from '../../support/temp-folder.js';

const start = (engine: Engine, options: Partial<ConsumerOptions> = {}) =>
  engine.consumers.start({ name: 'c', where: 'thread', module: handlers('thread-perils'), ...options });

describe.each([1, 2, 4])('a thread that ends with %i events at once', (concurrency) => {
  test('because of something that a finished event left behind is the fault of nothing else', async () => {
    const engine = await openTestEngine();
    const { note, positions } = notebook();
    await engine.publishMany([note(1, 'leave-exit'), note(2, 'outlast'), note(3), note(4), note(5)]);
    const consumer = await start(engine, { concurrency });
    await consumer.whenCaughtUp();
    expect(consumer.failures()).toEqual([]);
    expect(new Set(positions().filter(Boolean))).toEqual(new Set(oneTo(5)));
  });

  test('because of something that a failed event left behind is the fault of nothing else', async () => {
    const engine = await openTestEngine();
    const { note } = notebook();
    await engine.publishMany([note(1, 'throw-and-leave-exit'), note(2, 'outlast'), note(3)]);
    const consumer = await start(engine, { concurrency, onFailure: 'skip' });
    await consumer.whenCaughtUp();
    expect(consumer.failures()).toMatchObject([
      { position: 1, error: { message: 'failed, and left something behind' } },
    ]);
    expect(consumer.status()).toMatchObject({ handled: 2, failed: 1 });
  });

  test('while it is paused goes on when it is resumed', async () => {
    const engine = await openTestEngine();
    const { note, lines, positions } = notebook();
    await engine.publishMany(oneTo(concurrency).map((number) => note(number, 'exit-at-abort')));
    const consumer = await start(engine, { concurrency });
    await expect.poll(() => lines().length).toBe(concurrency);
    await consumer.pause();
    consumer.resume();
    await consumer.whenCaughtUp();
    expect(consumer.status()).toMatchObject({ state: 'running', position: concurrency, lag: 0, failed: 0 });
    expect(new Set(positions().filter(Boolean))).toEqual(new Set(oneTo(concurrency)));
  });
});

const ENDS: [string, (consumer: Consumer, engine: Engine) => Promise<void>][] = [
  ['pause()', (consumer) => consumer.pause()],
  ['stop()', (consumer) => consumer.stop()],
  ['remove()', (_, engine) => engine.consumers.remove('c')],
  ['engine.close()', (_, engine) => engine.close()],
];

describe('what died with a thread is run again one at a time, and meanwhile', () => {
  test.each(ENDS)('%s ends the one under way after 10 s, and begins no other', async (_what, end) => {
    const engine = await openTestEngine();
    const { note, lines } = notebook();
    await engine.publishMany([note(1, 'stuck'), note(2, 'exit-with-another'), note(3, 'stuck')]);
    const consumer = await start(engine, { concurrency: 3 });
    await expect.poll(() => lines().filter((line) => line === 'begun 1').length).toBe(2);
    const before = lines();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const ended = end(consumer, engine);
    await vi.advanceTimersByTimeAsync(10_000);
    await ended;
    expect(lines()).toEqual(before);
    expect(consumer.status()).toMatchObject({ position: 0, inFlight: 0, failed: 0 });
  });
});

test.each([
  ['is gone', undefined, 'HANDLER_MODULE_NOT_FOUND', 'skip'],
  ['throws', 'throw new Error("no")', 'HANDLER_MODULE_FAILED', 'park'],
  ['exports no function', 'export default 1', 'HANDLER_MODULE_INVALID', 'stop'],
  ['ends its thread', 'process.exit(3)', 'CONSUMER_THREAD', 'skip'],
  ['ends its thread before that begins anything', endsSoon(), 'CONSUMER_THREAD', 'park'],
] as const)('a module that %s after the death of its thread fails the consumer, which leaves no event out', async (_what, then, code, onFailure) => {
  const engine = await openTestEngine();
  const { note, lines, positions } = notebook();
  const file = join(tempFolder(), 'module.mjs');
  const good = `export { default } from ${JSON.stringify(handlers('thread-perils'))};`;
  writeFileSync(file, good);
  const consumer = await start(engine, { module: pathToFileURL(file), onFailure });
  // So that nobody can say what the thread dies of.
  await engine.publish(note(1));
  await consumer.whenCaughtUp();
  await engine.publish(note(2, 'outlast'));
  await expect.poll(lines).toContain('begun 2');
  if (then === undefined) rmSync(file);
  else writeFileSync(file, then);
  const caughtUp = consumer.whenCaughtUp();
  await engine.publishMany(oneTo(9).map((number) => note(number)));
  await endThreads();
  await expect(caughtUp).rejects.toMatchObject({ code: 'MILLRACE_CONSUMER_STOPPED' });
  const error = { code: `MILLRACE_${code}` };
  expect(consumer.status()).toMatchObject({ state: 'failed', position: 1, failures: 0, failed: 0, error });
  expect(engine.health().reasons).toEqual([expect.stringContaining("'c' has stopped")]);
  consumer.resume();
  await expect
    .poll(() => consumer.status())
    .toMatchObject({ state: 'failed', position: 1, failures: 0, error });
  writeFileSync(file, good);
  consumer.resume();
  await consumer.whenCaughtUp();
  expect(positions().filter(Boolean)).toEqual(oneTo(11));
  expect(consumer.status()).toMatchObject({ state: 'running', position: 11, failures: 0 });
});

test.each(ENDS)('%s waits for no module that a new thread never ends to load', async (_what, end) => {
  const engine = await openTestEngine();
  const { file, note, lines } = notebook();
  const module = join(tempFolder(), 'module.mjs');
  writeFileSync(module, `export { default } from ${JSON.stringify(handlers('thread-perils'))};`);
  const consumer = await start(engine, { module: pathToFileURL(module), concurrency: 2 });
  await engine.publishMany([note(1), note(2, 'outlast'), note(3, 'outlast')]);
  await expect.poll(() => lines().length).toBe(3);
  const begun = `${file}.begun`;
  writeFileSync(
    module,
    `import { writeFileSync } from 'node:fs';
    writeFileSync(${JSON.stringify(begun)}, '');
    await new Promise(() => {});`,
  );
  await endThreads();
  await expect.poll(() => existsSync(begun)).toBe(true);
  await end(consumer, engine);
  expect(consumer.status()).toMatchObject({ position: 1, inFlight: 0, failed: 0 });
});

test('a handler that ignores its signal when its consumer has failed is ended with its thread, too', async () => {
  const engine = await openTestEngine();
  const { note, lines } = notebook();
  await engine.publish(note(1, 'stuck'));
  const consumer = await start(engine, { concurrency: 2, onFailure: 'stop' });
  await expect.poll(lines).toEqual(['begun 1']);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await engine.publish(note(2, 'throw'));
  await expect.poll(() => consumer.status().state).toBe('failed');
  consumer.resume();
  await vi.advanceTimersByTimeAsync(10_000);
  await expect.poll(lines).toEqual(['begun 1', 'begun 1']);
  const stopped = consumer.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  await stopped;
});

/** Keeps its thread busy as soon as that has said that it is loaded, so that events are sent to it, and ends it. */
function endsSoon(): string {
  return `import { MessagePort } from 'node:worker_threads';
    const { postMessage } = MessagePort.prototype;
    MessagePort.prototype.postMessage = function (...given) {
      postMessage.apply(this, given);
      for (const end = Date.now() + 100; Date.now() < end; );
      process.exit(3);
    };
    export default () => {};`;
}

test('a module that posts to its parent port, and takes its listeners away, disturbs nothing', async () => {
  const engine = await openTestEngine();
  const { note, positions } = notebook();
  await engine.publishMany(oneTo(8).map((number) => note(number, 'post')));
  const consumer = await start(engine, { concurrency: 4 });
  await consumer.whenCaughtUp();
  expect(positions().toSorted((a, b) => a - b)).toEqual(oneTo(8));
  expect(consumer.status()).toMatchObject({ position: 8, failed: 0 });
});
