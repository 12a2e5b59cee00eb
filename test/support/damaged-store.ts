import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { encodeError } from '../../dist/src/kernel/error-codec.js';
import { SqliteStore } from '../../dist/src/store/sqlite-store.js';
import { Deposited, Noted, Parking } from '../handlers/events.mjs';
import { oneTo } from './collect.js';
import { handlers, openForTests } from './open-test-engine.js';
import { tempStore } from './temp-folder.js';

/**
 * Makes a closed store with something of everything: several transactions, types, shapes and aggregates, keys that
 * were emitted to, metadata, payloads over several pages, long and short index runs, unfinished events, dead letters.
 */
export async function makeStore(): Promise<string> {
  const store = tempStore();
  for (const round of [0, 1]) {
    const engine = await openForTests({ store, handlers: [handlers('account'), handlers('failing')] });
    for (let part = 0; part < 5; part++) {
      await engine.publishMany(
        oneTo(40).map((number) => {
          const marker = markerOf(round, part, number);
          const options = number % 10 === 0 ? { correlationId: `story-${marker}` } : {};
          return Noted({ note: `note-${number % 7}`, value: marker }, options);
        }),
      );
    }
    await engine.publish(
      Noted({ note: 'large', value: `${'x'.repeat(10_000)}middle-${round}${'y'.repeat(10_000)}` }),
    );
    await engine.publish(Deposited({ account: `bank-${round}`, amount: 3 }));
    await engine.publishMany(
      [1, 2, 3].map((number) => Parking({ id: `p-${round}`, number, failures: 1000 })),
    );
    await engine.drain();
    await engine.close();
  }
  await addDeadLetters(store);
  return store;
}

/** Puts a skipped dead letter for each of the two large events. */
async function addDeadLetters(path: string): Promise<void> {
  const store = new SqliteStore(path, 'NORMAL', '');
  await store.open([]);
  const key = store.reader.findName('large')?.id as number;
  const positions = store.reader.page({ aggregate: key, from: 1, limit: 2 }).map(({ position }) => position);
  const put = positions.map((position) => ({
    position,
    key,
    state: 'skipped' as const,
    attempts: 3,
    handler: 'risk',
    owners: ['millrace:lanes'],
    lane: 1,
    firstFailedAt: 1_700_000_000_000,
    failedAt: 1_700_000_001_000,
    error: encodeError(new RangeError(`at ${position}`)),
    retry: false,
  }));
  await store.commit({ segments: [], progress: undefined, shapes: [], deadLetters: { put, remove: [] } });
  await store.close();
}

/** Text that is in the payload of one event only. */
export function markerOf(round: number, part: number, number: number): string {
  return `m${round}${part}${String(number).padStart(2, '0')}m`;
}

/** A copy of a store file. */
export function copyOf(store: string): string {
  const copy = tempStore();
  writeFileSync(copy, readFileSync(store));
  return copy;
}

/** A copy of a store file with some of its bytes changed. */
export function withBytes(store: string, change: (bytes: Buffer) => void): string {
  const bytes = readFileSync(store);
  change(bytes);
  const copy = tempStore();
  writeFileSync(copy, bytes);
  return copy;
}

/** A copy of a store with something changed by SQL, as by a person with a SQLite shell. */
export function withSql(store: string, sql: string): string {
  const copy = copyOf(store);
  const database = new Database(copy);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
  return copy;
}

/** The first row that a query gives. */
export function oneRow(store: string, sql: string): unknown[] {
  const database = new Database(store, { readonly: true });
  try {
    return database.prepare(sql).raw().get() as unknown[];
  } finally {
    database.close();
  }
}

/** The first column of the first row. */
export function oneValue(store: string, sql: string): unknown {
  return oneRow(store, sql)[0];
}
