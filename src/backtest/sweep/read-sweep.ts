import type { DataOf } from '../../faces/define.js';
import { openStoreReader, type StoreReader } from '../../faces/store.js';
import { BacktestCompleted, BacktestStarted } from '../../trading/index.js';
import type { SweepRow } from './options.js';
import { rowOf } from './results.js';
import { parametersOf } from './settings.js';

/**
 * The completed runs in the store of a sweep, in the order in which they ended, one after the other: for sweeps of more
 * rows than `results` has.
 *
 * @throws what `openStoreReader` throws, when the first row is asked for.
 */
export function* readSweep(store: string): Generator<SweepRow, void> {
  const reader = openStoreReader(store);
  try {
    yield* sweepRows(reader);
  } finally {
    reader.close();
  }
}

/** As `readSweep`, from a store that is open. */
export function* sweepRows(reader: StoreReader): Generator<SweepRow, void> {
  const { types } = reader.summary();
  const wanted = [BacktestStarted, BacktestCompleted].filter(({ type }) =>
    types.some((known) => known.type === type),
  );
  if (wanted.length === 0) return;
  const parameters = new Map<string, SweepRow['parameters']>();
  for (const event of reader.read({ types: wanted })) {
    if (event.type === BacktestStarted.type) {
      parameters.set(event.aggregateId, parametersOf(event.data as DataOf<typeof BacktestStarted>));
      continue;
    }
    const row = rowOf(
      event.data as DataOf<typeof BacktestCompleted>,
      parameters.get(event.aggregateId) ?? {},
    );
    parameters.delete(event.aggregateId);
    yield row;
  }
}
