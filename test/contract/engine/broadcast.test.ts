import type { Engine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Endangered, Stopping } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { Gate } from '../../support/gate.js';
import { Illness } from '../../support/illness.js';
import { handlers, openTestEngine, type TestEngineOptions } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

async function openHearing(options: TestEngineOptions) {
  const gate = new Gate();
  const engine = await openTestEngine({
    dispatch: 'accepted',
    handlers: [handlers('hearing')],
    shared: gate.shared,
    ...options,
  });
  return { engine, gate };
}

/** What each lane has heard last, by lane. Every lane is given one event, which holds it until all have one. */
async function heardBy(engine: Engine, gate: Gate): Promise<string[]> {
  const lanes = Math.max(1, engine.stats().threads);
  const from = engine.stats().lastPosition + 1;
  gate.close();
  for (const number of oneTo(lanes)) engine.offer(Endangered({ id: `probe-${from}-${number}`, number }));
  await gate.reached(lanes);
  gate.open();
  await engine.drain();
  const answers = await collect(engine, { fromPosition: from, types: ['peril.survived'] });
  return (answers.map(({ data }) => data) as { id: string; lane: number }[])
    .sort((a, b) => a.lane - b.lane)
    .map(({ id, lane }) => `${lane}: ${id}`);
}

const heard = (text: string, lanes: number) => oneTo(lanes).map((lane) => `${lane - 1}: ${text}`);

describe.each([0, 1, 3])('broadcast: %i threads', (threads) => {
  const lanes = Math.max(1, threads);

  test('is heard on every lane, and the last one counts', async () => {
    const { engine, gate } = await openHearing({ threads });
    expect(await heardBy(engine, gate)).toEqual(heard('nothing', lanes));
    await engine.broadcast({ text: 'first' });
    expect(await heardBy(engine, gate)).toEqual(heard('first', lanes));
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((text) => engine.broadcast({ text })));
    expect(await heardBy(engine, gate)).toEqual(heard('e', lanes));
  });

  test('gives each lane a copy', async () => {
    const { engine, gate } = await openHearing({ threads });
    const message = { text: 'before' };
    const told = engine.broadcast(message);
    message.text = 'after';
    await told;
    expect(await heardBy(engine, gate)).toEqual(heard('before', lanes));
  });

  test('whose hook throws rejects with the lanes, and they go on', async () => {
    const { engine, gate } = await openHearing({ threads });
    const fails = oneTo(lanes).map((lane) => lane - 1);
    await expect(engine.broadcast({ text: 'all', fails })).rejects.toMatchObject({
      code: 'MILLRACE_BROADCAST_FAILED',
      details: { lanes: fails.join(',') },
      cause: { name: 'RangeError', message: expect.stringContaining('is deaf') },
    });
    await expect(engine.broadcast({ text: 'last', fails: [lanes - 1] })).rejects.toMatchObject({
      details: { lanes: String(lanes - 1) },
    });
    expect(await heardBy(engine, gate)).toEqual(heard('last', lanes));
    expect(engine.stats()).toMatchObject({ state: 'open', failed: 0 });
  });

  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
  ])('of %s is refused, and the one before stays', async (_what, message) => {
    const { engine, gate } = await openHearing({ threads });
    await engine.broadcast({ text: 'before' });
    await expect(engine.broadcast(message)).rejects.toMatchObject({ code: 'MILLRACE_UNSUPPORTED_PAYLOAD' });
    expect(await heardBy(engine, gate)).toEqual(heard('before', lanes));
  });

  test('does nothing where no module has a hook, and is refused after close', async () => {
    const engine = await openTestEngine({ threads, handlers: [handlers('account')] });
    await engine.broadcast({ text: 'nobody' });
    await engine.close();
    await expect(engine.broadcast({ text: 'late' })).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
  });

  test('is heard by lanes that come later', async () => {
    const { engine, gate } = await openHearing({ threads });
    await engine.broadcast({ text: 'early' });
    for (const count of [threads + 1, threads + 2, 0]) {
      await engine.setThreads(count);
      expect(await heardBy(engine, gate)).toEqual(heard('early', Math.max(1, count)));
    }
  });

  test('is heard by a lane that is opening just then', async () => {
    const { engine, gate } = await openHearing({ threads });
    const door = new Gate();
    door.open();
    await engine.broadcast({ text: 'first', ...door.shared });
    door.close();
    const resizing = engine.setThreads(threads + 1);
    // The new lane hears the first message while the second one is sent.
    await door.reached(1);
    const second = engine.broadcast({ text: 'second' });
    door.open();
    await Promise.all([resizing, second]);
    expect(await heardBy(engine, gate)).toEqual(heard('second', threads + 1));
  });
});

describe.each([1, 2])('broadcast and lanes that die: %i threads', (threads) => {
  test('a replaced lane hears the last message before its first event', async () => {
    const { engine, gate } = await openHearing({ threads });
    await engine.broadcast({ text: 'kept' });
    gate.open();
    await engine.publishMany(oneTo(3).map((number) => Endangered({ id: 'a', number, peril: 'exit' })));
    await engine.drain();
    const answers = await collect(engine, { types: ['peril.survived'] });
    expect(answers.map(({ data }) => data)).toMatchObject(
      oneTo(3).map((number) => ({ id: 'kept', number, attempt: 2 })),
    );
  });

  test('a hook that ends its thread every time stops the engine, and does not loop', async () => {
    const { engine } = await openHearing({ threads });
    const failed = new Promise((resolve) => {
      engine.onNotice((notice) => notice.kind === 'failed' && resolve(notice.error));
    });
    await engine.broadcast({ text: 'deadly', dies: 0 });
    expect(await failed).toMatchObject({ cause: { code: 'MILLRACE_LANE_CRASHED' } });
  });
});

test('a broadcast lasts over a recovery', async () => {
  const illness = new Illness(1);
  const gate = new Gate();
  const engine = await openTestEngine({
    threads: 1,
    store: tempStore(),
    durability: 'os',
    dispatch: 'accepted',
    handlers: [handlers('hearing'), handlers('curable')],
    shared: { ...illness.shared, ...gate.shared },
  });
  await engine.setThreads(2);
  await engine.broadcast({ text: 'kept' });
  await engine.publish(Stopping({ id: 'a', number: 1 }), { until: 'handled' }).catch(() => {});
  expect(engine.stats().state).toBe('failed');
  illness.end(1);
  await engine.recover();
  await engine.drain();
  expect(engine.stats()).toMatchObject({ state: 'open', threads: 2 });
  expect(await heardBy(engine, gate)).toEqual(heard('kept', 2));
});
