import { renameSync } from 'node:fs';
import { discardDeadLetters, openStoreReader, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Old, Other } from '../../handlers/late-events.mjs';
import { Child } from '../../support/child.js';
import { oneTo } from '../../support/collect.js';
import { EXECUTORS } from '../../support/executors.js';
import { byKey, old, oldLog, openLate as open, seenIn } from '../../support/late-log.js';
import { tempStore } from '../../support/temp-folder.js';

describe.each(EXECUTORS)('a handler that asks for old events: %i threads', (threads) => {
  test('gets all of them once, per key in order and before anything new, and others get none again', async () => {
    const store = await oldLog(oneTo(200).map((number) => old(number, number % 3 ? 'say' : 'later')));
    const engine = await open(store, ['late-first', 'late-start'], { threads, maxInFlight: 32 });
    await engine.publishMany(oneTo(40).map((number) => old(200 + number)));
    await engine.recovered;
    const all = byKey(oneTo(240));
    expect(await seenIn(engine)).toEqual({ first: all, late: all });
    await engine.close();
    expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });

    const again = await open(store, ['late-first', 'late-start'], { threads });
    await again.publish(old(241));
    await again.recovered;
    const more = byKey(oneTo(241));
    expect(await seenIn(again)).toEqual({ first: more, late: more });
  });

  test('in a log that is cut short again and again it goes on where it was', async () => {
    const store = await oldLog(oneTo(300).map((number) => old(number, 'later')));
    for (let time = 1; time <= 4; time++) {
      const engine = await open(store, ['late-first', 'late-start'], { threads, maxInFlight: 8 });
      await engine.publish(old(300 + time));
      await engine.close();
    }
    const last = await open(store, ['late-first', 'late-start'], { threads });
    await last.recovered;
    const all = byKey(oneTo(304));
    expect(await seenIn(last)).toEqual({ first: all, late: all });
  });

  test('that fails parks its key, old or new; retried or discarded the key goes on, also after a restart', async () => {
    const bad = new Map([
      [5, 'throw late'],
      [6, 'throw late'],
    ]);
    const store = await oldLog(oneTo(40).map((number) => old(number, bad.get(number))));
    const engine = await open(store, ['late-first', 'late-start'], { threads });
    await engine.publish(old(41));
    await engine.recovered;
    const letters = await engine.deadLetters.list();
    expect(letters).toMatchObject([
      { state: 'parked', handler: 'late', attempts: 2, aggregateId: 'k1', version: 2 },
      { state: 'parked', handler: 'late', attempts: 2, aggregateId: 'k2', version: 2 },
    ]);
    expect((await seenIn(engine)).late).toEqual({
      ...byKey(oneTo(40).filter((number) => number % 4 === 0 || number % 4 === 3)),
      k1: [1],
      k2: [2],
    });
    await engine.close();
    expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });
    const [five, six] = letters.map(({ position }) => position) as [number, number];

    const healed = await open(store, ['late-first', 'late-start'], { threads, shared: { healed: true } });
    await healed.recovered;
    expect((await seenIn(healed)).late?.k1).toEqual([1]);
    await healed.deadLetters.retry(five);
    await healed.deadLetters.discard(six);
    const all = byKey(oneTo(41));
    expect(await seenIn(healed)).toEqual({
      first: all,
      late: { ...all, k2: all.k2?.filter((number) => number !== 6) },
    });
  });

  test('that skips is tried again alone', async () => {
    const store = await oldLog(oneTo(12).map((number) => old(number, number === 5 ? 'throw skip' : 'say')));
    const engine = await open(store, ['late-skip'], { threads });
    await engine.recovered;
    const [letter] = await engine.deadLetters.list();
    expect(letter).toMatchObject({ state: 'skipped', handler: 'skip', aggregateId: 'k1', version: 2 });
    await engine.close();
    expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });
    const healed = await open(store, ['late-skip'], { threads, shared: { healed: true } });
    await healed.recovered;
    expect((await seenIn(healed)).skip?.k1).toEqual([1, 9]);
    await healed.deadLetters.retry(letter?.position ?? 0);
    const all = byKey(oneTo(12));
    expect(await seenIn(healed)).toEqual({ first: all, skip: { ...all, k1: [1, 9, 5] } });
  });

  test('gets what lies before an event that had parked its key, too, and before it', async () => {
    const store = await oldLog(oneTo(4).map((number) => old(number)));
    const broken = await open(store, ['late-first'], { threads });
    await broken.publishMany([old(5, 'throw first'), old(9)]);
    await broken.drain();
    const [letter] = await broken.deadLetters.list();
    await broken.close();
    const engine = await open(store, ['late-first', 'late-start'], { threads, shared: { healed: true } });
    await engine.recovered;
    expect((await seenIn(engine)).late).toEqual(byKey([2, 3, 4]));
    await engine.deadLetters.retry(letter?.position ?? 0);
    expect((await seenIn(engine)).late?.k1).toEqual([1, 5, 9]);
    expect((await seenIn(engine)).first?.k1).toEqual([1, 5, 9]);
  });

  test('goes on after a failure of the engine, and nothing of it is in the log twice', async () => {
    const store = await oldLog(oneTo(200).map((number) => old(number, 'later')));
    const engine = await open(store, ['late-first', 'late-start'], { threads, maxInFlight: 8 });
    renameSync(store, `${store}.away`);
    await expect(engine.recovered).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    renameSync(`${store}.away`, store);
    await engine.recover();
    await engine.recovered;
    const all = byKey(oneTo(200));
    expect(await seenIn(engine)).toEqual({ first: all, late: all });
  });

  test('killed again and again, it has everything exactly once in the log', async () => {
    const store = await oldLog(oneTo(400).map((number) => old(number, number % 2 ? 'later' : 'say')));
    for (const count of [1, 40, 150]) {
      const child = new Child('late-until-killed.mjs', store, String(threads), String(count));
      await child.wrote(1);
      await child.kill();
    }
    const engine = await open(store, ['late-first', 'late-start'], { threads });
    await engine.recovered;
    const all = byKey(oneTo(400));
    expect(await seenIn(engine)).toEqual({ first: all, late: all });
    await engine.close();
    expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] });
  });
});

describe('what a handler may ask for', () => {
  test('from a position on, or nothing; of a type that nobody handled before, too', async () => {
    const store = tempStore();
    const first = await open(store, ['late-first'], { threads: 0 });
    for (const number of oneTo(6)) {
      await first.publish(old(number), { until: 'handled' });
      await first.publish(Other({ key: `k${number % 4}`, number: 100 + number }));
    }
    await first.close();
    // Each event is followed by what it led to: the positions are 1, 4, 7, … or so; which ones the log tells.
    const engine = await open(store, ['late-first', 'late-position', 'late-start'], { threads: 0 });
    const positions = new Map<number, number>();
    for await (const { position, data } of engine.read({ types: [Old] })) {
      positions.set((data as { number: number }).number, position);
    }
    await engine.recovered;
    const seen = await seenIn(engine);
    expect(seen.position).toEqual(byKey(oneTo(6).filter((number) => (positions.get(number) ?? 0) >= 7)));
    expect(
      Object.values(seen.late ?? {})
        .flat()
        .sort((a, b) => a - b),
    ).toEqual([...oneTo(6), ...oneTo(6).map((number) => 100 + number)]);
    expect(seen.first).toEqual(byKey(oneTo(6)));
  });

  test('is a consumer of the log for each type, with its lag; it goes with an engine that does not have it', async () => {
    const store = await oldLog(oneTo(8).map((number) => old(number, number === 1 ? 'throw late' : 'say')));
    const last = 16;
    const name = (type: string) => `millrace:handler/late.${type}/late@${last}`;
    const engine = await open(store, ['late-first', 'late-start'], { threads: 0 });
    await engine.recovered;
    await engine.drain();
    expect(engine.consumers.list()).toMatchObject([
      { name: name('old'), state: 'running', position: 0, lag: 2 },
      { name: name('other'), state: 'running', position: last, lag: 0 },
    ]);
    await expect(engine.consumers.remove(name('old'))).rejects.toMatchObject({
      code: 'MILLRACE_CONSUMER_RUNNING',
    });
    await engine.close();
    {
      using reader = openStoreReader(store);
      expect(reader.summary().consumers).toMatchObject([{ name: name('old'), lag: 2 }, { lag: 0 }]);
    }
    // Given up while no engine has the log open, it is not handled after all.
    discardDeadLetters(store, 'all');
    const discarded = await open(store, ['late-first', 'late-start'], { threads: 0 });
    await discarded.recovered;
    expect((await seenIn(discarded)).late).toEqual(byKey([2, 3, 4, 5, 6, 7, 8]));
    await discarded.close();
    const without = await open(store, ['late-first'], { threads: 0 });
    for (const { name: each } of without.consumers.list()) await without.consumers.remove(each);
    expect(without.consumers.list()).toEqual([]);
    await without.close();
    const anew = await open(store, ['late-first', 'late-start'], { threads: 0, shared: { healed: true } });
    await anew.recovered;
    expect((await seenIn(anew)).late?.k2).toEqual([2, 6, 2, 6]);
  });

  test('in deterministic mode the log is the same on any number of threads', async () => {
    const deterministic = { deterministic: true, seed: 's' } as const;
    const events = oneTo(60).map((number) =>
      Old({ key: `k${number % 4}`, number, act: number % 3 ? 'say' : 'later' }, { occurredAt: number }),
    );
    const fingerprints = [];
    for (const threads of EXECUTORS) {
      const store = await oldLog(events, deterministic);
      const engine = await open(store, ['late-first', 'late-start'], { ...deterministic, threads });
      await engine.publishMany(
        oneTo(20).map((number) =>
          Old({ key: `k${number % 4}`, number: 60 + number, act: 'later' }, { occurredAt: 60 + number }),
        ),
      );
      fingerprints.push(await engine.fingerprint());
      const all = byKey(oneTo(80));
      expect(await seenIn(engine)).toEqual({ first: all, late: all });
      await engine.close();
    }
    expect(new Set(fingerprints).size).toBe(1);
  });
});
