import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type Engine, openEngine } from 'millrace';
import { openStoreReader, type StoreReport, verifyStore } from 'millrace/store';
import { expect, vi } from 'vitest';
import { oneTo } from '../../support/collect.js';
import { tempStore } from '../../support/temp-folder.js';
import { checkHandled, type Log, readLog } from '../torture/check.mjs';
import { Asked, EVENTS, paddingOf } from '../torture/events.mjs';

/** Events of one append: one transaction has them all, or none. */
export const TOGETHER = 3;

/** The bytes of a store that an engine has open, as a power cut would leave them. */
export interface Sample {
  readonly database: Buffer;
  readonly wal: Buffer;
  /** Last position of what the file has without its WAL, and with it. */
  readonly without: number;
  readonly last: number;
}

/** Opens a store of the torture's events with its handlers, on the main thread. */
export function openSample(store: string): Promise<Engine> {
  const handlers = [new URL('../torture/events.mjs', import.meta.url)];
  return openEngine({ events: EVENTS, store, durability: 'os', threads: 0, handlers });
}

/**
 * Appends three events at a time, each time until they and what they lead to are handled; then until the timers that were
 * set have fired: a later engine would add their events.
 */
export async function ask(engine: Engine, store: string, from: number, appends: number): Promise<void> {
  for (const append of oneTo(appends)) {
    const key = `key-${append % 2}`;
    const numbers = oneTo(TOGETHER).map((index) => from + append * TOGETHER + index);
    const events = numbers.map((number) =>
      Asked({ aggregate: key, key, number, padding: paddingOf(number, 60) }),
    );
    await engine.append(key, events);
    await engine.drain();
  }
  using reader = openStoreReader(store);
  await vi.waitUntil(() => [...reader.timers()].length === 0, { timeout: 60_000, interval: 10 });
  await engine.drain();
}

/**
 * A store of which one session lies in the file, and a second one in the WAL. A transaction that reads keeps the
 * writer from moving the WAL into the file meanwhile, however long the machine takes.
 */
export async function makeSample(appends: number): Promise<Sample> {
  const store = tempStore();
  const first = await openSample(store);
  await ask(first, store, 1000, 2);
  const without = first.stats().lastPosition;
  await first.close();
  const second = await openSample(store);
  const reader = new Database(store, { readonly: true });
  try {
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM segments').get();
    await ask(second, store, 2000, appends);
    const last = second.stats().lastPosition;
    return { database: readFileSync(store), wal: readFileSync(`${store}-wal`), without, last };
  } finally {
    reader.close();
    await second.close();
  }
}

/** Writes a store's files anew; what an earlier look at them has left beside them goes. */
export function writeStore(
  store: string,
  { database, wal }: Pick<Sample, 'database'> & { wal?: Buffer },
): void {
  for (const suffix of ['-wal', '-shm']) rmSync(store + suffix, { force: true });
  writeFileSync(store, database);
  if (wal) writeFileSync(`${store}-wal`, wal);
}

/**
 * Checks that a store is what it was after one of its transactions: no gaps, no half appends, nothing handled
 * twice or out of order, and nothing that verification finds.
 */
export function checkPrefix(store: string): Log {
  const log = readLog(store);
  checkHandled(log);
  expect(log.asked.size % TOGETHER, 'events of a half append').toBe(0);
  expect(verifyStore(store)).toMatchObject({ ok: true, problems: [] } satisfies Partial<StoreReport>);
  return log;
}

/** A copy of a closed store's file. */
export function copyTo(store: string, copy: string): void {
  copyFileSync(store, copy);
}
