import { HandlerError, NotRetainedError } from 'millrace/errors';
import { discardDeadLetters, openStoreReader, retryDeadLetters } from 'millrace/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { encodeError } from '../../../dist/src/kernel/error-codec.js';
import {
  MAX_DEAD_LETTER_CHARACTERS,
  MAX_MEMORY_DEAD_LETTERS,
  MEMORY_STORE_BYTES,
} from '../../../dist/src/limits.js';
import type { DeadLetterRecord } from '../../../dist/src/store/dead-letter.js';
import { MemoryStore } from '../../../dist/src/store/memory/memory-store.js';
import { toDeadLetter } from '../../../dist/src/store/read-dead-letter.js';
import { SqliteStore } from '../../../dist/src/store/sqlite-store.js';
import type { CommitBatch, Store } from '../../../dist/src/store/store.js';
import { LogRows, ROW_TYPE } from '../../support/log-rows.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const cause = Object.assign(new RangeError('too high'), { code: 'E_HIGH' });
const failure = new HandlerError('The handler failed.', { cause, details: { attempts: 3 } });

function letter(position: number, changes: Partial<DeadLetterRecord> = {}): DeadLetterRecord {
  return {
    position,
    key: 1,
    state: 'parked',
    attempts: 3,
    handler: 'risk',
    owners: ['millrace:lanes'],
    lane: 1,
    firstFailedAt: 1000,
    failedAt: 2000 + position,
    error: encodeError(failure),
    retry: false,
    ...changes,
  };
}

const skipped = { state: 'skipped' } as const;

const batch = (changes: Partial<CommitBatch>): CommitBatch => ({
  segments: [],
  progress: undefined,
  shapes: [],
  ...changes,
});

async function open(store: Store): Promise<Store> {
  onTestFinished(() => store.close());
  await store.open([ROW_TYPE]);
  return store;
}

/** A file with events of two aggregates at positions 1 to 6, of which 4 is finished, and dead letters. */
async function closedStore(...put: DeadLetterRecord[]): Promise<string> {
  const path = tempStore();
  const store = new SqliteStore(path, 'NORMAL', 'run');
  await store.open([ROW_TYPE]);
  const rows = new LogRows();
  for (const aggregate of ['a', 'b', 'a', 'b', 'a', 'b']) rows.add(aggregate, { text: aggregate });
  const bits = new Uint8Array(1024);
  bits[0] = 1 << 3;
  const progress = { mark: 0, chunks: [{ index: 0, bits }] };
  await store.commit(batch({ segments: rows.take(), progress, deadLetters: { put, remove: [] } }));
  await store.close();
  return path;
}

async function stateOf(path: string) {
  const store = new SqliteStore(path, 'NORMAL', 'run');
  const { deadLetters } = await store.open([ROW_TYPE]);
  await store.close();
  return deadLetters;
}

describe.each([
  ['memory', () => new MemoryStore('run')],
  ['SQLite', () => new SqliteStore(tempStore(), 'NORMAL', 'run')],
] as const)('dead letters in a %s store', (_name, make) => {
  test('come back as they went in, in position order and in pages', async () => {
    const store = await open(make());
    const rows = new LogRows();
    for (let row = 0; row < 5; row++) rows.add('a', { row });
    const put = [letter(4), letter(1, skipped), letter(3), letter(5, { retry: true })];
    await store.commit(batch({ segments: rows.take(), deadLetters: { put, remove: [] } }));
    const { reader } = store;
    expect(reader.deadLetters({ after: 0, limit: 3 })).toEqual([letter(1, skipped), letter(3), letter(4)]);
    expect(reader.deadLetters({ after: 3, limit: 3 })).toEqual([letter(4), letter(5, { retry: true })]);
    expect(reader.deadLetter(3)).toEqual(letter(3));
    expect(reader.deadLetter(2)).toBeUndefined();
  });

  test('are changed and removed in the order of the commits', async () => {
    const store = await open(make());
    const change = (put: DeadLetterRecord[], remove: number[]) =>
      store.commit(
        batch({
          deadLetters: { put, remove: remove.map((position) => ({ position, owners: ['millrace:lanes'] })) },
        }),
      );
    await store.commit(batch({ segments: new LogRows().add('a', 1).add('a', 2).add('a', 3).take() }));
    // Of one turn, so that the writer has them in one transaction.
    await Promise.all([
      change([letter(1), letter(2)], []),
      change([letter(2, skipped)], [1]),
      change([letter(3)], [3]),
      change([letter(1, { attempts: 7 })], []),
      change([], [2]),
    ]);
    expect(store.reader.deadLetters({ after: 0, limit: 10 })).toEqual([
      letter(1, { attempts: 7 }),
      letter(3),
    ]);
  });

  test('have a public form that names the event and has the error', async () => {
    const store = await open(make());
    const segments = new LogRows().add('b', 1).add('order-1', 2).add('order-1', 3).take();
    await store.commit(batch({ segments, deadLetters: { put: [letter(3, { key: 2 })], remove: [] } }));
    const found = toDeadLetter(store.reader, 'run', store.reader.deadLetter(3) as DeadLetterRecord);
    expect(found).toMatchObject({
      id: 'run/order-1/2',
      position: 3,
      type: 'row.written',
      aggregateId: 'order-1',
      version: 2,
      key: 'order-1',
      state: 'parked',
      attempts: 3,
      handler: 'risk',
      lane: 1,
      firstFailedAt: 1000,
      failedAt: 2003,
      retry: false,
    });
    expect(found.error).toBeInstanceOf(HandlerError);
    expect(found.error).toMatchObject({ details: { attempts: 3 }, stack: failure.stack });
    expect(found.error.cause).toMatchObject({ name: 'RangeError', message: 'too high', code: 'E_HIGH' });
  });

  test('without an event in the log are damage', async () => {
    const store = await open(make());
    await store.commit(batch({ segments: new LogRows().add('a', 1).take() }));
    expect(() => toDeadLetter(store.reader, 'run', letter(2))).toThrow(
      expect.objectContaining({ code: 'MILLRACE_STORE_CORRUPT' }),
    );
  });
});

test('a memory store keeps the events of its dead letters when it drops others', async () => {
  const store = await open(new MemoryStore('run'));
  const many = 20;
  const rows = new LogRows({ bytes: many * 1_000_000 });
  for (let row = 0; row < many; row++) rows.add('a', 'x'.repeat(900_000));
  const [segment] = rows.take();
  if (!segment) throw new Error('No rows.');
  await store.commit(batch({ segments: [segment], deadLetters: { put: [letter(2)], remove: [] } }));
  // The store goes by bytes: later rows push the first ones out.
  rows.slab.position.fill(1_000_000);
  for (let round = 0; round < 15; round++) await store.commit(batch({ segments: [segment] }));
  expect(() => store.reader.page({ from: 1, limit: 1 })).toThrow(/no longer kept/);
  expect(store.reader.page({ from: 2, limit: 1 })).toMatchObject([{ position: 2, version: 2 }]);
});

test('a memory store drops the oldest skipped letters, and no parked one', async () => {
  const store = await open(new MemoryStore('run'));
  const put = Array.from({ length: MAX_MEMORY_DEAD_LETTERS }, (_, index) =>
    letter(index + 1, index % 2 === 0 ? skipped : {}),
  );
  await store.commit(batch({ deadLetters: { put, remove: [] } }));
  await store.commit(batch({ deadLetters: { put: [letter(20_001), letter(20_002, skipped)], remove: [] } }));
  const kept = store.reader.deadLetters({ after: 0, limit: 100_000 });
  expect(kept).toHaveLength(MAX_MEMORY_DEAD_LETTERS);
  expect(kept.filter(({ state }) => state === 'parked')).toHaveLength(MAX_MEMORY_DEAD_LETTERS / 2 + 1);
  expect([1, 3, 5, 20_002].map((position) => store.reader.deadLetter(position)?.state)).toEqual([
    undefined,
    undefined,
    'skipped',
    'skipped',
  ]);
});

test('an error of any length becomes one of a bounded length', async () => {
  const error = encodeError(new RangeError('x'.repeat(10_000_000)));
  const path = await closedStore(letter(1, { error }));
  using reader = openStoreReader(path);
  const found = reader.deadLetter(1).error;
  expect(found).toMatchObject({ name: 'RangeError', message: expect.stringMatching(/^x+…$/) });
  expect(found.message.length).toBeLessThan(MAX_DEAD_LETTER_CHARACTERS);
});

describe('the dead letters of a closed store', () => {
  test('are told to the engine that opens it', async () => {
    const path = await closedStore(
      letter(1),
      letter(3, { retry: true }),
      letter(4, { ...skipped, key: 2 }),
      letter(2, { key: 2 }),
      letter(6, { ...skipped, key: 2, retry: true }),
    );
    expect(await stateOf(path)).toEqual({
      parked: [
        { position: 1, key: 1, owners: ['millrace:lanes'] },
        { position: 2, key: 2, owners: ['millrace:lanes'] },
      ],
      retry: [6],
      retryParked: [3],
      late: new Map(),
    });
  });

  test('can be asked for again', async () => {
    const path = await closedStore(letter(1), letter(2, { key: 2 }), letter(4, { ...skipped, key: 2 }));
    expect(retryDeadLetters(path, [4, 1, 4])).toEqual([4, 1]);
    const parked = [{ position: 2, key: 2, owners: ['millrace:lanes'] }];
    const asked = { parked, retry: [4], retryParked: [1], late: new Map() };
    expect(await stateOf(path)).toEqual(asked);
    expect(retryDeadLetters(path, 'all')).toEqual([1, 2, 4]);
    expect(await stateOf(path)).toEqual({ ...asked, parked: [], retryParked: [1, 2] });
    using reader = openStoreReader(path);
    expect([...reader.deadLetters({ after: 1 })].map(({ position, retry }) => [position, retry])).toEqual([
      [2, true],
      [4, true],
    ]);
    expect(reader.deadLetter(4).error).toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
    expect(reader.summary().deadLetters).toEqual({ parked: 2, skipped: 1 });
  });

  test('can be given up: the event of a parked one is finished then', async () => {
    const path = await closedStore(letter(1), letter(3), letter(4, { ...skipped, key: 2 }));
    expect(discardDeadLetters(path, [3])).toEqual([3]);
    using reader = openStoreReader(path);
    expect(reader.summary()).toMatchObject({ mark: 0, finishedAbove: 2, unfinished: 4 });
    expect(discardDeadLetters(path, [1, 4])).toEqual([1, 4]);
    expect(reader.summary()).toMatchObject({ mark: 1, finishedAbove: 2, unfinished: 3 });
    expect([...reader.deadLetters()]).toEqual([]);
    expect(discardDeadLetters(path, 'all')).toEqual([]);
  });

  test('are all left alone when one of the positions has none', async () => {
    const path = await closedStore(letter(1), letter(4, { ...skipped, key: 2 }));
    for (const edit of [retryDeadLetters, discardDeadLetters]) {
      expect(() => edit(path, [1, 5])).toThrow(
        expect.objectContaining({ code: 'MILLRACE_DEAD_LETTER_NOT_FOUND', details: { position: 5 } }),
      );
    }
    using reader = openStoreReader(path);
    expect(reader.summary()).toMatchObject({ finishedAbove: 1, deadLetters: { parked: 1, skipped: 1 } });
    expect(reader.deadLetter(1).retry).toBe(false);
    expect(() => reader.deadLetter(5)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_DEAD_LETTER_NOT_FOUND' }),
    );
  });

  test('are not touched while an engine has it open, and the message says what to use', async () => {
    const store = tempStore();
    await openTestEngine({ store });
    for (const edit of [retryDeadLetters, discardDeadLetters]) {
      expect(() => edit(store, 'all')).toThrow(
        expect.objectContaining({
          code: 'MILLRACE_STORE_LOCKED',
          message: expect.stringContaining('engine.deadLetters'),
        }),
      );
    }
  });

  test('are not looked for in what is no store', () => {
    const path = tempStore();
    expect(() => retryDeadLetters(path, 'all')).toThrow(
      expect.objectContaining({ code: 'MILLRACE_STORE_PATH' }),
    );
  });
});

test('the commit that drops an event from memory keeps it for the dead letter that it brings', async () => {
  const store = await open(new MemoryStore('run'));
  const large = Buffer.alloc(16 * 1024 * 1024 - 64, 1);
  const count = Math.ceil(MEMORY_STORE_BYTES / large.length) + 1;
  const rows = new LogRows({ bytes: count * (large.length + 64) + 1024 });
  const segments = [...rows.add('a', { text: 'of the letter' }).take()];
  for (let row = 0; row < count; row++) segments.push(...rows.add('b', large).take());
  await store.commit(batch({ segments, deadLetters: { put: [letter(1)], remove: [] } }));
  // It is no longer in the log that is kept.
  expect(() => store.reader.page({ from: 1, limit: 2 })).toThrow(NotRetainedError);
  expect(store.reader.page({ from: 1, limit: 1 })).toMatchObject([{ position: 1, version: 1 }]);
  expect(toDeadLetter(store.reader, 'run', letter(1))).toMatchObject({ id: 'run/a/1', position: 1 });
});
