import { PROGRESS_CHUNK } from '../../limits.js';
import type { ConsumerChange, ConsumerFailureRecord, StoredConsumer } from '../store.js';
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
  ];
}
