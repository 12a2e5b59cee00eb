import { openStoreReader, retryDeadLetters } from 'millrace/store';
import { expect, test } from 'vitest';
import { Deposited, Held, Noted, Parking } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { Gate } from '../../support/gate.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

test('a reopened store goes on at the next position and the next versions', async () => {
  const store = tempStore();
  for (const round of [0, 1, 2]) {
    const engine = await openTestEngine({ store, durability: 'os' });
    expect(engine.stats().lastPosition).toBe(round * 3);
    const notes = [Noted({ note: 'a' }), Noted({ note: 'b' }), Noted({ note: `only-${round}` })];
    const receipts = await Promise.all(notes.map((note) => engine.publish(note)));
    expect(receipts).toEqual([
      { position: round * 3 + 1, version: round + 1 },
      { position: round * 3 + 2, version: round + 1 },
      { position: round * 3 + 3, version: 1 },
    ]);
    await engine.close();
  }
});

test('append knows the versions of a reopened store', async () => {
  const store = tempStore();
  const first = await openTestEngine({ store });
  await first.append('a', [Noted({ note: 'a' }), Noted({ note: 'a' })], { expectedVersion: 0 });
  await first.close();
  const second = await openTestEngine({ store });
  const stale = second.append('a', [Noted({ note: 'a' })], { expectedVersion: 0 });
  await expect(stale).rejects.toMatchObject({ details: { expected: 0, actual: 2 } });
  expect((await second.append('a', [Noted({ note: 'a' })], { expectedVersion: 2 })).version).toBe(3);
});

test('events that nobody handled when they came are not handled later', async () => {
  const store = tempStore();
  const first = await openTestEngine({ store });
  await first.publish(Deposited({ account: 'a', amount: 1 }));
  await first.close();
  const second = await openTestEngine({ store, handlers: [handlers('account')] });
  await second.drain();
  expect(second.stats()).toMatchObject({ handled: 0, lastPosition: 1 });
});

test.each([1, 4, 520])('unfinished events are handled once each with maxInFlight %i', async (maxInFlight) => {
  const store = tempStore();
  const count = 1300;
  const first = await openTestEngine({ store, durability: 'os', handlers: [handlers('failing')] });
  await first.publishMany(
    oneTo(count).map((number) => Parking({ id: `k${number}`, number, failures: 1000 })),
  );
  await first.drain();
  await first.close();
  // What is parked stays parked; this makes it unfinished.
  expect(retryDeadLetters(store, 'all')).toHaveLength(count);
  const options = {
    store,
    durability: 'os',
    handlers: [handlers('failing')],
    shared: { healed: true },
  } as const;
  const second = await openTestEngine({ ...options, maxInFlight, threads: 1 });
  await second.drain();
  const tried = await collect(second, { types: ['failing.tried'] });
  const numbers = tried.map(({ data }) => (data as { number: number }).number);
  expect(numbers.sort((a, b) => a - b)).toEqual(oneTo(count));
});

test('what handlers emit while unfinished events come back is handled once', async () => {
  const store = tempStore();
  const gate = new Gate();
  // One event holds the single lane, so that everything behind it stays unfinished.
  const modules = [handlers('gate'), handlers('account')];
  const first = await openTestEngine({ store, durability: 'os', handlers: modules, shared: gate.shared });
  first.offer(Held({ gate: 'g' }));
  await gate.reached(1);
  const count = 1500;
  await first.publishMany(oneTo(count).map((amount) => Deposited({ account: `a${amount}`, amount })));
  const unfinished = tempStore();
  await copyOpenStore(store, unfinished);
  gate.open();

  const options = { store: unfinished, durability: 'os', handlers: [handlers('account')] } as const;
  const second = await openTestEngine({ ...options, maxInFlight: 520 });
  await second.drain();
  const audits = await collect(second, { types: ['audit.recorded'] });
  const amounts = audits.map(({ data }) => (data as { amount: number }).amount);
  expect(amounts.sort((a, b) => a - b)).toEqual(oneTo(count));
  expect(await collect(second, { types: ['ledger.credited'] })).toHaveLength(count);
});

test('an event that comes back is the one that went in', async () => {
  const store = tempStore();
  const first = await openTestEngine({ store, handlers: [handlers('failing')] });
  const options = { occurredAt: 1234.5, correlationId: 'story', metadata: { user: 'ann' } };
  await first.publish(Parking({ id: 'a', number: 7, failures: 1000 }, options));
  await first.drain();
  await first.close();
  retryDeadLetters(store, [1]);
  const healed = { store, handlers: [handlers('failing')], shared: { healed: true } };
  const second = await openTestEngine(healed);
  await second.drain();
  const [parked, tried] = await collect(second);
  expect(parked).toMatchObject({ occurredAt: 1234.5, metadata: { correlationId: 'story', user: 'ann' } });
  expect(tried).toMatchObject({ data: { number: 7 } });
  expect(tried?.metadata).toEqual({ correlationId: 'story', causationId: parked?.id });
  await second.close();
  using reader = openStoreReader(store);
  expect(reader.summary()).toMatchObject({ lastPosition: 2, mark: 2, finishedAbove: 0, unfinished: 0 });
});

/** A copy of a store that an engine has open, as a killed process would leave it. */
async function copyOpenStore(from: string, to: string): Promise<void> {
  const { copyFileSync, existsSync } = await import('node:fs');
  for (const suffix of ['', '-wal']) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
}
