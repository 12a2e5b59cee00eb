import { PROGRESS_CHUNK } from '../../limits.js';
import type { ConsumerChange, ConsumerFailureRecord, ProcessingChange, StoredConsumer } from '../store.js';
import { LogState, Rows } from './rows.js';
import { type MakeStore, RUN, type StoreCheck, same, Trial } from './trial.js';

/** A failed event of the key numbered 1. */
function failure(position: number, state: ConsumerFailureRecord['state'] = 'parked'): ConsumerFailureRecord {
  const error = { name: 'RangeError', message: `at ${position}` };
  return { position, key: 1, state, attempts: 2, failedAt: 2000 + position, error };
}

function chunk(index: number, byte: number) {
  return { index, bits: new Uint8Array(PROGRESS_CHUNK / 8).fill(byte) };
}

const BUS = 'millrace:bus';

/** What an event bus notes of an event that a subscriber failed on. */
function noted(position: number): ProcessingChange[] {
  const error = { name: 'RangeError', message: `at ${position}` };
  const event = { position, id: `${RUN}/a/${position}`, type: 'a.b', aggregateId: 'a', version: position };
  return [
    {
      kind: 'entry',
      entry: {
        ...{ number: position, position, handler: 'ledger', attempt: 1, processedAt: 5, milliseconds: 0.5 },
        ...{ outcome: 'failed', result: undefined, error },
      },
    },
    {
      kind: 'fail',
      record: { ...event, handlers: ['ledger'], attempts: 1, firstFailedAt: 5, failedAt: 5, error },
    },
  ];
}

/** Bits as numbers: a store may give them as a Buffer. */
function plain(consumers: readonly StoredConsumer[]) {
  return consumers.map(({ progress: { mark, chunks }, ...consumer }) => ({
    ...consumer,
    progress: { mark, chunks: chunks.map(({ index, bits }) => ({ index, bits: [...bits] })) },
  }));
}

/** What every store must do with consumers. */
export function consumerChecks(make: MakeStore): StoreCheck[] {
  const open = async () => {
    const trial = await Trial.open(make(RUN));
    const rows = new Rows(new LogState());
    for (let number = 0; number < 6; number++) rows.add({ aggregate: 'a', data: { number } });
    await trial.commit({ segments: rows.take() });
    return trial;
  };
  const begun = (name: string, put: readonly ConsumerFailureRecord[] = []): ConsumerChange => ({
    ...{ kind: 'reset', name, put, removed: [] },
    progress: { mark: 2, chunks: [chunk(0, 0b1010)] },
  });
  const known = (name: string, failures: readonly ConsumerFailureRecord[] = []): StoredConsumer => ({
    ...{ name, failures, progress: { mark: 2, chunks: [chunk(0, 0b1010)] } },
  });
  return [
    {
      name: 'consumers come back as they went in, by name, all or one',
      run: async () => {
        await using trial = await open();
        same(trial.reader.consumers(), [], 'consumers() of a new store');
        const put = [failure(5, 'skipped'), failure(3)];
        await trial.commit({ consumers: [begun('b', put), begun('a')] });
        const b = known('b', [failure(3), failure(5, 'skipped')]);
        same(plain(trial.reader.consumers()), plain([known('a'), b]), 'consumers()');
        same(plain(trial.reader.consumers('b')), plain([b]), "consumers('b')");
        same(trial.reader.consumers('c'), [], "consumers('c')");
      },
    },
    {
      name: 'a change of a consumer adds to it, takes its place, or removes it, and touches no other',
      run: async () => {
        await using trial = await open();
        await trial.commit({ consumers: [begun('a', [failure(3)]), begun('b'), begun('c')] });
        await trial.commit({
          consumers: [
            {
              ...{ kind: 'update', name: 'a', put: [failure(4)], removed: [3] },
              progress: { mark: 3, chunks: [chunk(1, 0b1)] },
            },
            { kind: 'reset', name: 'b', progress: { mark: 0, chunks: [] }, put: [], removed: [] },
            { kind: 'remove', name: 'c' },
          ],
        });
        const progress = { mark: 3, chunks: [chunk(0, 0b1010), chunk(1, 0b1)] };
        const expected: StoredConsumer[] = [
          { name: 'a', progress, failures: [failure(4)] },
          { name: 'b', progress: { mark: 0, chunks: [] }, failures: [] },
        ];
        same(plain(trial.reader.consumers()), plain(expected), 'consumers()');
      },
    },
    busCheck(open),
  ];
}

function busCheck(open: () => Promise<Trial>): StoreCheck {
  return {
    name: 'what an event bus notes comes back, is the same when it is sent twice, and goes with the bus',
    run: async () => {
      await using trial = await open();
      const note = (...processing: readonly ProcessingChange[]): ConsumerChange => ({
        ...{ kind: 'update', name: BUS, progress: { mark: 1, chunks: [] }, put: [], removed: [] },
        processing,
      });
      const all = { after: 0, limit: 10 };
      const seen = () => {
        const { processing } = trial.reader;
        const { lastNumber, failedCount } = processing;
        const entries = processing
          .entries(undefined, all)
          .map(({ number, error }) => [number, error?.message]);
        const failures = processing.failures(all).map(({ position, handlers }) => [position, ...handlers]);
        return { lastNumber, failedCount, entries, failures };
      };
      const nothing = { lastNumber: 0, failedCount: 0, entries: [], failures: [] };
      same(seen(), nothing, 'processing of a new store');
      const changes = [...noted(1), ...noted(2), ...noted(3), { kind: 'unfail', position: 2 } as const];
      await trial.commit({ consumers: [note(...changes)] });
      await trial.commit({ consumers: [note(...changes)] });
      const entries = [1, 2, 3].map((number) => [number, `at ${number}`]);
      const failures = [1, 3].map((position) => [position, 'ledger']);
      same(seen(), { lastNumber: 3, failedCount: 2, entries, failures }, 'processing');
      same(trial.reader.processing.countEntries(3, [{ before: 2, upTo: 9 }]), 1, 'countEntries()');
      await trial.commit({ consumers: [note({ kind: 'drop', before: 3, upTo: 3 })] });
      same(seen().entries, entries.slice(2), 'entries() after a drop');
      same(trial.reader.processing.failure(3)?.error.message, 'at 3', 'failure()');
      await trial.commit({ consumers: [{ kind: 'remove', name: BUS }] });
      same(seen(), nothing, 'processing of a bus that was removed');
    },
  };
}
