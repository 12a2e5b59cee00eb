import { existsSync, readdirSync, writeFileSync } from 'node:fs';
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

test('Consumers whose names give the same file name have profiles, heap snapshots and counts of their own.', async () => {
  const engine = await open();
  for (const name of ['a/b', 'a:b', 'a_b-2', 'A?b', 'x'.repeat(70), 'x'.repeat(71)]) {
    await engine.consumers.start({ name, where: 'thread', module });
  }
  const x = `consumer-${'x'.repeat(64)}`;
  const names = ['a_b', 'a_b-2', 'a_b-2-2', 'A_b-3'].map((name) => `consumer-${name}`);
  const all = ['dispatcher', ...names, x, `${x}-2`];
  const folder = tempFolder();
  const counts = await engine.countObjects();
  expect([...counts.keys()]).toEqual(all);
  const paths = await engine.heapSnapshots(folder);
  expect(paths.map((path) => basename(path))).toEqual(all.map((name) => `${name}.heapsnapshot`));
  expect(readdirSync(folder).length).toBe(paths.length);
  const { directory, session } = await engine.profile({ seconds: 0, directory: tempFolder() });
  expect(session.threads.map(({ name }) => name)).toEqual(all);
  const files = session.threads.map(({ cpuProfile }) => cpuProfile ?? 'none');
  expect(new Set(files).size).toBe(all.length);
  expect(files.every((file) => existsSync(join(directory, file)))).toBe(true);
});

test('A thread that is stuck in a handler holds up neither a profile nor a heap snapshot nor a count.', async () => {
  const engine = await open();
  const release = join(tempFolder(), 'release');
  const consumer = await engine.consumers.start({
    name: 'stuck',
    where: 'thread',
    module: new URL('../../handlers/waiting-consumer.mjs', import.meta.url),
  });
  await engine.publish(Burned({ key: release, value: 0 }));
  await expect.poll(() => existsSync(`${release}.begun`)).toBe(true);
  const [{ session }, ...refused] = await Promise.all([
    engine.profile({ seconds: 0, directory: tempFolder() }),
    engine.countObjects().catch((error) => error),
    engine.heapSnapshots(tempFolder()).catch((error) => error),
  ]);
  expect(session.threads.find(({ role }) => role === 'consumer')?.missing).toMatch(/did not answer within/);
  expect(refused.map(({ code }) => code)).toEqual(['MILLRACE_PROFILE_BUSY', 'MILLRACE_PROFILE_BUSY']);
  writeFileSync(release, '');
  await consumer.whenCaughtUp();
  expect([...(await engine.countObjects()).keys()]).toEqual(['dispatcher', 'consumer-stuck']);
});

test('What a consumer thread was sampled of is in the profile when its consumer is stopped or the engine closes.', async () => {
  const engine = await open();
  const stopped = await engine.consumers.start({ name: 'stopped', where: 'thread', module });
  const report = engine.profile({ seconds: 60, directory: tempFolder() });
  await engine.consumers.start({ name: 'open', where: 'thread', module });
  await engine.publish(Burned({ key: 'a', value: 1 }));
  await stopped.whenCaughtUp();
  await stopped.stop();
  await engine.close();
  const { session } = await report;
  const threads = session.threads.filter(({ role }) => role === 'consumer');
  expect(threads.map(({ name, missing }) => [name, missing])).toEqual([
    ['consumer-stopped', undefined],
    ['consumer-open', undefined],
  ]);
});

test('Heap snapshots and counts leave out a thread that ends meanwhile.', async () => {
  const engine = await open();
  const consumer = await engine.consumers.start({ name: 'c', where: 'thread', module });
  const taken = Promise.all([engine.countObjects(), engine.heapSnapshots(tempFolder())]);
  await consumer.stop();
  const [counts, paths] = await taken;
  expect([...counts.keys()]).toEqual(['dispatcher']);
  expect(paths.map((path) => basename(path))).toEqual(['dispatcher.heapsnapshot']);
});
