import { type Engine, type EngineOptions, openEngine } from 'millrace';
import { discardDeadLetters, openStoreReader, retryDeadLetters, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { LATE_EVENTS } from '../../handlers/late-events.mjs';
import { oneTo } from '../../support/collect.js';
import { byKey, old, oldLog, openLate as open, seenIn } from '../../support/late-log.js';

const HEALED = { shared: { healed: true } } as const;
const LANES = 'millrace:lanes';
const SKIPPING = ['late-first-skip', 'late-skip'] as const;

/** Number `bad` of twelve is one that some module cannot handle. */
const twelve = (act: string, bad = 5) => oneTo(12).map((number) => old(number, number === bad ? act : 'say'));

/** Closes an engine and says what is wrong with its file. */
async function closed(engine: Engine, store: string): Promise<void> {
  await engine.close();
  expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });
}

describe.each([0, 2])('a dead letter is tried again by those whose it is: %i threads', (threads) => {
  const opened = (store: string, names: readonly string[], options: Partial<EngineOptions> = {}) =>
    open(store, names, { threads, ...options });

  test('what the first module skipped is tried again by that module alone', async () => {
    const store = await oldLog(twelve('throw first'), {}, ['late-first-skip']);
    const engine = await opened(store, ['late-first-skip', 'late-start'], HEALED);
    await engine.recovered;
    const [letter] = await engine.deadLetters.list();
    expect(letter).toMatchObject({ state: 'skipped', owners: [LANES] });
    await engine.deadLetters.retry(letter?.position ?? 0);
    const all = byKey(oneTo(12));
    expect(await seenIn(engine)).toEqual({ first: { ...all, k1: [1, 9, 5] }, late: all });
    await closed(engine, store);
  });

  test('also when that was asked for while no engine was open, and the late one has it to come', async () => {
    const store = await oldLog(twelve('throw first'), {}, ['late-first-skip']);
    retryDeadLetters(store, 'all');
    const engine = await opened(store, ['late-first-skip', 'late-start'], HEALED);
    await engine.recovered;
    const all = byKey(oneTo(12));
    expect(await seenIn(engine)).toEqual({ first: { ...all, k1: [1, 9, 5] }, late: all });
    expect(await engine.deadLetters.list()).toEqual([]);
    await closed(engine, store);
  });

  test('and when it is tried again while old events are still on their way', async () => {
    const events = oneTo(2000).map((number) => old(number, number === 1997 ? 'throw first' : 'say'));
    const store = await oldLog(events, {}, ['late-first-skip']);
    const engine = await opened(store, ['late-first-skip', 'late-start'], { ...HEALED, maxInFlight: 16 });
    const [letter] = await engine.deadLetters.list();
    await engine.deadLetters.retry(letter?.position ?? 0);
    await engine.recovered;
    const all = byKey(oneTo(2000));
    const seen = await seenIn(engine);
    expect(seen.late).toEqual(all);
    expect(seen.first?.k1?.filter((number) => number === 1997)).toEqual([1997]);
    await closed(engine, store);
  });

  test('what a late module skipped is tried again by that module alone, and fails again as its own', async () => {
    const store = await oldLog(twelve('throw skip'), {}, ['late-first-skip']);
    const engine = await opened(store, SKIPPING);
    await engine.recovered;
    const [letter] = await engine.deadLetters.list();
    const owners = ['millrace:handler/late.old/skip@24'];
    expect(letter).toMatchObject({ state: 'skipped', owners, handler: 'skip' });
    const { position = 0 } = letter ?? {};
    await expect(engine.deadLetters.retry(position)).rejects.toMatchObject({
      code: 'MILLRACE_HANDLER_FAILED',
    });
    expect(await engine.deadLetters.list()).toMatchObject([{ state: 'skipped', owners, attempts: 2 }]);
    await engine.close();
    const healed = await opened(store, [...SKIPPING, 'late-start'], HEALED);
    await healed.deadLetters.retry(position);
    await healed.recovered;
    const all = byKey(oneTo(12));
    expect(await seenIn(healed)).toEqual({ first: all, skip: { ...all, k1: [1, 9, 5] }, late: all });
    await closed(healed, store);
  });

  test('what both failed on is one dead letter of both, and tried again by both', async () => {
    const store = await oldLog(twelve('throw all'), {}, ['late-first-skip']);
    const engine = await opened(store, SKIPPING);
    await engine.recovered;
    const [letter] = await engine.deadLetters.list();
    const { position = 0 } = letter ?? {};
    const owners = ['millrace:handler/late.old/skip@23', LANES];
    expect(letter).toMatchObject({ state: 'skipped', owners });
    await expect(engine.deadLetters.retry(position)).rejects.toThrow('cannot');
    expect(await engine.deadLetters.list()).toMatchObject([{ position, owners }]);
    await engine.close();
    const healed = await opened(store, SKIPPING, HEALED);
    await healed.deadLetters.retry(position);
    const all = { ...byKey(oneTo(12)), k1: [1, 9, 5] };
    expect(await seenIn(healed)).toEqual({ first: all, skip: all });
    expect(await healed.deadLetters.list()).toEqual([]);
    await closed(healed, store);
  });
});

describe('a dead letter', () => {
  const opened = (store: string, names: readonly string[], options: Partial<EngineOptions> = {}) =>
    open(store, names, { threads: 0, ...options });

  test('given up for the first module, the event is still to come to the late one', async () => {
    const store = await oldLog(twelve('throw first'));
    for (const inFile of [true, false]) {
      const engine = await opened(store, ['late-first', 'late-start']);
      const letters = await engine.deadLetters.list();
      if (inFile) expect(letters).toMatchObject([{ state: 'parked', owners: [LANES] }]);
      else expect(letters).toEqual([]);
      await engine.recovered;
      const { late } = await seenIn(engine);
      // What is parked is parked for all.
      expect(late?.k1).toEqual(inFile ? undefined : [1, 5, 9]);
      await engine.close();
      if (inFile) discardDeadLetters(store, 'all');
    }
    const engine = await opened(store, ['late-first', 'late-start']);
    expect((await seenIn(engine)).first?.k1).toEqual([1, 9]);
    await closed(engine, store);
  });

  test('parked for a late module, it is tried again only where that module is', async () => {
    const store = await oldLog(twelve('throw late'));
    const first = await opened(store, ['late-first', 'late-start']);
    await first.recovered;
    const [letter] = await first.deadLetters.list();
    const { position = 0 } = letter ?? {};
    const consumer = 'millrace:handler/late.old/late@24';
    expect(letter).toMatchObject({ state: 'parked', owners: [consumer] });
    await first.close();
    for (const asked of [false, true]) {
      if (asked) retryDeadLetters(store, [position]);
      const without = await opened(store, ['late-first'], HEALED);
      await without.recovered;
      await expect(without.deadLetters.retry(position)).rejects.toMatchObject({
        code: 'MILLRACE_HANDLER_NOT_GIVEN',
        details: { position, module: 'late', consumer },
      });
      expect(await without.deadLetters.list()).toMatchObject([{ position, retry: asked, state: 'parked' }]);
      await closed(without, store);
    }
    const engine = await opened(store, ['late-first', 'late-start'], HEALED);
    await engine.recovered;
    const all = byKey(oneTo(12));
    expect(await seenIn(engine)).toEqual({ first: all, late: all });
    await closed(engine, store);
  });

  test('skipped by a late module, it is not tried again without that module either', async () => {
    const store = await oldLog(twelve('throw skip'), {}, ['late-first-skip']);
    const first = await opened(store, SKIPPING);
    await first.recovered;
    const [letter] = await first.deadLetters.list();
    const { position = 0 } = letter ?? {};
    await first.close();
    retryDeadLetters(store, 'all');
    const without = await opened(store, ['late-first'], HEALED);
    await without.recovered;
    await expect(without.deadLetters.retry(position)).rejects.toMatchObject({
      code: 'MILLRACE_HANDLER_NOT_GIVEN',
    });
    await without.close();
    const engine = await opened(store, SKIPPING, HEALED);
    await engine.recovered;
    const all = byKey(oneTo(12));
    expect(await seenIn(engine)).toEqual({ first: all, skip: { ...all, k1: [1, 9, 5] } });
    await closed(engine, store);
  });

  test('given up without its module, the event does not come to that module either', async () => {
    const bad = new Set([5, 6]);
    const events = oneTo(12).map((number) => old(number, bad.has(number) ? 'throw late' : 'say'));
    const store = await oldLog(events);
    const first = await opened(store, ['late-first', 'late-start']);
    await first.recovered;
    const letters = await first.deadLetters.list();
    await first.close();
    const without = await opened(store, ['late-first']);
    await without.recovered;
    await without.publish(old(13));
    await Promise.all(letters.map(({ position }) => without.deadLetters.discard(position)));
    expect((await seenIn(without)).first?.k1).toEqual([1, 5, 9, 13]);
    expect(without.consumers.list()[0]).toMatchObject({ parkedKeys: 0, failures: 0, state: 'stopped' });
    await closed(without, store);
    const engine = await opened(store, ['late-first', 'late-start']);
    await engine.recovered;
    const left = byKey(oneTo(12).filter((number) => !bad.has(number)));
    expect((await seenIn(engine)).late).toEqual(left);
    expect(await engine.deadLetters.list()).toEqual([]);
    await closed(engine, store);
  });

  test('of a consumer that was removed, it is nobody’s any more: retried, its key goes on', async () => {
    const store = await oldLog(twelve('throw late'));
    const first = await opened(store, ['late-first', 'late-start']);
    await first.recovered;
    const [letter] = await first.deadLetters.list();
    const { position = 0 } = letter ?? {};
    await first.close();
    const without = await opened(store, ['late-first']);
    for (const { name } of without.consumers.list()) await without.consumers.remove(name);
    await closed(without, store);
    const engine = await opened(store, ['late-first', 'late-start'], HEALED);
    await engine.recovered;
    await engine.deadLetters.retry(position);
    const all = byKey(oneTo(12));
    const seen = await seenIn(engine);
    expect(seen.first).toEqual(all);
    // What it had before it was removed, it has once more.
    expect(seen.late?.k1).toEqual([1, 1, 5, 9]);
    expect(await engine.deadLetters.list()).toEqual([]);
    await closed(engine, store);
  });

  test('that was to be tried again behind an event that parked its key is tried again once that is settled', async () => {
    const store = await oldLog(twelve('throw first'), {}, ['late-first-skip']);
    const engine = await opened(store, ['late-first']);
    const [letter] = await engine.deadLetters.list();
    const { position = 0 } = letter ?? {};
    // Long enough for the dead letter to stand behind them, and behind the one that fails.
    const waiting = oneTo(300).map((number) => old(9 + 4 * number, 'later'));
    await engine.publishMany([...waiting, old(1213, 'throw first')], { until: 'accepted' });
    await expect(engine.deadLetters.retry(position)).rejects.toMatchObject({ code: 'MILLRACE_KEY_PARKED' });
    await engine.drain();
    const parked = (await engine.deadLetters.list()).find(({ state }) => state === 'parked');
    await engine.deadLetters.discard(parked?.position ?? 0);
    await engine.drain();
    await expect(engine.deadLetters.retry(position)).rejects.toMatchObject({
      code: 'MILLRACE_HANDLER_FAILED',
    });
    await closed(engine, store);
  });
});

describe('what is said of a late handler', () => {
  const name = 'millrace:handler/late.old/late@24';

  test('parked keys and failed events are counted: in its status, in metrics and in the file', async () => {
    const store = await oldLog(twelve('throw late'));
    const engine = await open(store, ['late-first', 'late-start'], { threads: 0 });
    await engine.recovered;
    await engine.drain();
    const expected = { name, state: 'running', parkedKeys: 1, failures: 1, failed: 2, retried: 1 };
    const status = engine.consumers.list()[0];
    expect(status).toMatchObject({ ...expected, handled: 10, inFlight: 0, lag: 2 });
    expect(engine.metrics.snapshot().consumers[0]).toMatchObject({ name, state: 'running', parkedKeys: 1 });
    await engine.close();
    {
      using reader = openStoreReader(store);
      expect(reader.summary().consumers[0]).toMatchObject({ name, parked: 1, skipped: 0, lag: 2 });
    }
    const without = await open(store, ['late-first'], { threads: 0 });
    expect(without.consumers.list()[0]).toMatchObject({ state: 'stopped', parkedKeys: 1, failures: 1 });
    await without.close();
    const healed = await open(store, ['late-first', 'late-start'], { threads: 0, ...HEALED });
    expect(healed.consumers.list()[0]).toMatchObject({ parkedKeys: 1, failures: 1 });
    await healed.deadLetters.retry((await healed.deadLetters.list())[0]?.position ?? 0);
    await healed.drain();
    expect(healed.consumers.list()[0]).toMatchObject({ parkedKeys: 0, failures: 0, handled: 2, lag: 0 });
  });

  test('skipped events are counted, and it has failed when its engine has', async () => {
    const store = await oldLog(
      oneTo(12).map((number) => old(number, number < 4 ? 'throw skip' : 'say')),
      {},
      ['late-first-skip'],
    );
    const engine = await open(store, SKIPPING, { threads: 0 });
    await engine.recovered;
    await engine.drain();
    expect(engine.consumers.list()).toMatchObject([
      { state: 'running', parkedKeys: 0, failures: 3, skipped: 3, handled: 9, lag: 0 },
    ]);
    await engine.close();
    const stopping = await openEngine({
      ...{ events: LATE_EVENTS, store, threads: 0, durability: 'os' },
      handlers: [new URL('../../handlers/late-stop.mjs', import.meta.url)],
    });
    await expect(stopping.recovered).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    const stopped = stopping.consumers.list().find(({ name: each }) => each.includes('/stop@'));
    expect(stopped).toMatchObject({ state: 'failed', error: { code: 'MILLRACE_FAILED' } });
    await stopping.close().catch(() => {});
  });
});

test('a module that was there and begins to ask gets what it handled as new events once more', async () => {
  const store = await oldLog(twelve('say'), {}, ['late-same-before']);
  const engine = await open(store, ['late-same'], { threads: 0 });
  await engine.recovered;
  expect((await seenIn(engine)).same?.k1).toEqual([1, 5, 9, 1, 5, 9]);
});

test('what it is done with is stored when it is recovered, also where it emits nothing', async () => {
  const store = await oldLog(twelve('say'));
  const engine = await open(store, ['late-first', 'late-long'], { threads: 0 });
  await engine.recovered;
  using reader = openStoreReader(store);
  expect(reader.summary().consumers).toMatchObject([{ position: 24, lag: 0 }]);
});

test('its consumer can be removed, however long its name is', async () => {
  const store = await oldLog(twelve('say'));
  const engine = await open(store, ['late-first', 'late-long'], { threads: 0 });
  await engine.recovered;
  await engine.close();
  const without = await open(store, ['late-first'], { threads: 0 });
  const [{ name = '' } = {}] = without.consumers.list();
  expect(name.length).toBeGreaterThan(128);
  await without.consumers.remove(name);
  expect(without.consumers.list()).toEqual([]);
});
