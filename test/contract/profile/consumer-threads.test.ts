import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Engine, openEngine } from 'millrace';
import type { Consumer } from 'millrace/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { Burned, Counted } from '../../handlers/planted.mjs';
import { tempFolder } from '../../support/temp-folder.js';

const module = new URL('../../handlers/busy-consumer.mjs', import.meta.url);

async function open(): Promise<Engine> {
  const engine = await openEngine({ threads: 0, durability: 'memory', events: [Burned, Counted] });
  onTestFinished(() => engine.close());
  return engine;
}

/** Until a profile has ended; each round waits for the consumer, so that timers get their turn. */
async function publishUntil(engine: Engine, consumer: Consumer, ended: Promise<unknown>): Promise<void> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  ended.then(end, end);
  for (let value = 0; !isOver; value++) {
    await engine.publish(Burned({ key: `k${value % 8}`, value }));
    await engine.publish(Counted({ key: `k${value % 8}`, value }));
    await consumer.whenCaughtUp();
  }
}

test('A profile shows what the handlers of consumers cost on their own threads, by consumer and event type.', async () => {
  const engine = await open();
  const consumer = await engine.consumers.start({ name: 'mailer/of: all', where: 'thread', module });
  const report = engine.profile({ seconds: 0.5, directory: tempFolder() });
  await publishUntil(engine, consumer, report);
  const { directory, session, summary } = await report;
  const thread = session.threads.find(({ role }) => role === 'consumer');
  expect(thread?.name).toBe('consumer-mailer_of_all');
  expect(thread?.missing).toBeUndefined();
  expect(existsSync(join(directory, thread?.cpuProfile ?? 'none'))).toBe(true);
  expect(existsSync(join(directory, thread?.heapProfile ?? 'none'))).toBe(true);
  const rows = summary.handlers.filter((row) => row.thread === thread?.name);
  expect(rows[0]).toMatchObject({ module: 'mailer/of: all', type: 'planted.burned' });
  expect(rows[0]?.events).toBeGreaterThan(0);
  expect(rows[0]?.cpuMs ?? 0).toBeGreaterThan(0);
  expect(summary.threads.find(({ role }) => role === 'consumer')?.unattributedMs).toBeLessThan(
    rows[0]?.cpuMs ?? 0,
  );
});

test('The thread of a consumer that dies in a profile is told of, and the one in its place is sampled as well.', async () => {
  const engine = await open();
  const consumer = await engine.consumers.start({
    name: 'c',
    where: 'thread',
    module,
    onFailure: 'skip',
  });
  const stop = new AbortController();
  const report = engine.profile({ seconds: 60, signal: stop.signal, directory: tempFolder() });
  await engine.publish(Burned({ key: 'a', value: -1 }));
  await engine.publish(Burned({ key: 'b', value: 1 }));
  await consumer.whenCaughtUp();
  stop.abort();
  const { session } = await report;
  const threads = session.threads.filter(({ role }) => role === 'consumer');
  expect(threads.map(({ name, missing }) => [name, missing !== undefined])).toContainEqual([
    'consumer-c',
    true,
  ]);
  expect(threads.at(-1)?.missing).toBeUndefined();
  expect(threads.length).toBeGreaterThan(1);
});

test('Heap snapshots and counts are taken of the threads of consumers.', async () => {
  const engine = await open();
  await engine.consumers.start({ name: 'c', where: 'thread', module });
  const [counts, paths] = await Promise.all([engine.countObjects(), engine.heapSnapshots(tempFolder())]);
  expect([...counts.keys()]).toEqual(['dispatcher', 'consumer-c']);
  expect(counts.get('consumer-c')?.length).toBeGreaterThan(0);
  expect(paths.map((path) => basename(path))).toEqual(['dispatcher.heapsnapshot', 'consumer-c.heapsnapshot']);
});
