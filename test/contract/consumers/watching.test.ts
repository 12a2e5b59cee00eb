import { expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { startHearing } from '../../support/heard.js';
import { openTestEngine } from '../../support/open-test-engine.js';

const fail = () => {
  throw new Error('no');
};

test('metrics have every consumer that runs, and Prometheus text by its name', async () => {
  const engine = await openTestEngine();
  expect(engine.metrics.snapshot().consumers).toEqual([]);
  expect(engine.metrics.prometheus()).not.toContain('consumer');
  const { consumer } = await startHearing(engine, { name: 'mail "all"' });
  const bad = await startHearing(engine, { name: 'bad', handle: fail });
  const ended = await startHearing(engine, { name: 'ended' });
  await ended.consumer.stop();
  await engine.publishMany(oneTo(6).map((value) => Noted({ note: `n${value % 3}`, value })));
  await consumer.whenCaughtUp();
  await bad.consumer.whenCaughtUp();
  const none = { handled: 0, failed: 0, retried: 0, skipped: 0, parkedKeys: 0 };
  expect(engine.metrics.snapshot().consumers).toEqual([
    { ...none, name: 'mail "all"', state: 'running', position: 6, lag: 0, handled: 6 },
    { ...none, name: 'bad', state: 'running', position: 0, lag: 6, failed: 3, parkedKeys: 3 },
  ]);
  const lines = engine.metrics.prometheus().split('\n');
  expect(lines.filter((line) => line.startsWith('millrace_consumer_'))).toEqual([
    'millrace_consumer_lag_events{consumer="mail \\"all\\""} 0',
    'millrace_consumer_lag_events{consumer="bad"} 6',
    'millrace_consumer_position{consumer="mail \\"all\\""} 6',
    'millrace_consumer_position{consumer="bad"} 0',
    'millrace_consumer_running{consumer="mail \\"all\\""} 1',
    'millrace_consumer_running{consumer="bad"} 1',
    'millrace_consumer_handled_total{consumer="mail \\"all\\""} 6',
    'millrace_consumer_handled_total{consumer="bad"} 0',
    'millrace_consumer_failures_total{consumer="mail \\"all\\""} 0',
    'millrace_consumer_failures_total{consumer="bad"} 3',
    'millrace_consumer_parked_keys{consumer="mail \\"all\\""} 0',
    'millrace_consumer_parked_keys{consumer="bad"} 3',
  ]);
});

test('the log of the owner has a line for each event that failed for good', async () => {
  const lines: string[] = [];
  const write = (fields: object, message: string) => {
    const { event } = fields as { readonly event: string };
    if (event === 'consumer-failed') lines.push(message);
  };
  const engine = await openTestEngine({ logger: { debug: write, info: write, warn: write, error: write } });
  const { consumer } = await startHearing(engine, { name: 'parks', handle: fail });
  const skips = await startHearing(engine, { name: 'skips', handle: fail, onFailure: 'skip' });
  const stops = await startHearing(engine, { name: 'stops', handle: fail, onFailure: 'stop' });
  const stopped = expect(stops.consumer.whenCaughtUp(1)).rejects.toMatchObject({
    code: 'MILLRACE_CONSUMER_STOPPED',
  });
  await engine.publish(Noted({ note: 'n' }));
  await consumer.whenCaughtUp();
  await skips.consumer.whenCaughtUp();
  await stopped;
  expect(lines.sort()).toEqual([
    "Consumer 'parks' failed on event 1 for good; the event is parked.",
    "Consumer 'skips' failed on event 1 for good; the event is skipped.",
    "Consumer 'stops' failed on event 1 for good; the consumer has stopped.",
  ]);
});

test('a handler is called in no async context but its own', async () => {
  const { AsyncLocalStorage } = await import('node:async_hooks');
  const context = new AsyncLocalStorage<string>();
  const engine = await openTestEngine();
  const seen: (string | undefined)[] = [];
  const { consumer } = await context.run('starter', () =>
    startHearing(engine, {
      handle: async () => {
        seen.push(context.getStore());
        await Promise.resolve();
        context.enterWith('left behind');
      },
    }),
  );
  await context.run('publisher', () => engine.publishMany([1, 2, 3].map(() => Noted({ note: 'n' }))));
  await consumer.whenCaughtUp();
  expect(seen).toEqual([undefined, undefined, undefined]);
});
