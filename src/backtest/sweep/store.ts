import { existsSync, statSync } from 'node:fs';
import type { DataOf, DomainEvent } from '../../faces/define.js';
import { InputError } from '../../faces/errors.js';
import { openStoreReader } from '../../faces/store.js';
import { BacktestCompleted, BacktestFailed, BacktestStarted } from '../../trading/index.js';
import type { SweepPlan } from './plan-sweep.js';
import { sweepIdOf } from './settings.js';

/** What a store holds of a sweep. */
export interface StoredSweep {
  readonly events: number;
  /** Runs that are completed or failed. */
  readonly finished: number;
}

/**
 * Looks into a store without opening an engine on it.
 *
 * @throws InputError when it holds another sweep or events of something else; what `openStoreReader` throws.
 */
export function surveyStore(store: string | undefined, plan: SweepPlan): StoredSweep {
  if (store === undefined || !existsSync(store) || isEmptyFile(store)) return { events: 0, finished: 0 };
  const reader = openStoreReader(store);
  try {
    let started = 0;
    let finished = 0;
    const { lastPosition: events, types } = reader.summary();
    const held = [BacktestStarted, BacktestCompleted, BacktestFailed].filter(({ type }) =>
      types.some((known) => known.type === type),
    );
    for (const event of held.length === 0 ? [] : reader.read({ types: held })) {
      if (event.type !== BacktestStarted.type) {
        finished++;
        continue;
      }
      checkStarted(event, plan, `The store '${store}'`);
      started++;
    }
    if (events > 0 && started === 0) {
      throw new InputError(
        `The store '${store}' holds events, but no backtest. Pass the path of another store.`,
      );
    }
    return { events, finished };
  } finally {
    reader.close();
  }
}

/** @throws InputError when a `backtest.started` is not one of the plan. */
export function checkStarted(event: DomainEvent, plan: SweepPlan, store: string): void {
  const sweepId = sweepIdOf(event.data as DataOf<typeof BacktestStarted>);
  if (sweepId === plan.sweepId) return;
  const held = sweepId === undefined ? 'a backtest of no sweep' : `sweep ${sweepId.slice(0, 8)}`;
  throw new InputError(
    `${store} holds ${held} ('${event.aggregateId}'), not sweep ${plan.sweepId.slice(0, 8)}: candles, strategy, ` +
      'parameters, symbol or rules differ. Pass the same ones to resume it, or another store path.',
  );
}

function isEmptyFile(path: string): boolean {
  const stats = statSync(path);
  return stats.isFile() && stats.size === 0;
}
