import type { DataOf } from '../../faces/define.js';
import { InputError } from '../../faces/errors.js';
import type { StoreReader } from '../../faces/store.js';
import {
  BacktestCompleted,
  BacktestDataLoaded,
  BacktestFailed,
  BacktestStarted,
  BacktestTradeExecuted,
} from '../../trading/index.js';
import { canonical, sha256 } from '../runs/plan.js';
import type { RecordingLevel, RunIdentity, RunSettings } from '../runs/result.js';
import { storedSettings } from '../sweep/settings.js';

/** Which a log tells of a run; what it was computed by is not in it. */
export type StoredIdentity = Omit<RunIdentity, 'engine' | 'node' | 'v8' | 'architecture'>;

/** The events of a run as its log has them. */
export interface StoredRun {
  readonly identity: StoredIdentity;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly settings: RunSettings;
  readonly level: RecordingLevel;
  readonly loaded: DataOf<typeof BacktestDataLoaded> | undefined;
  readonly executed: readonly DataOf<typeof BacktestTradeExecuted>[];
  readonly completed: DataOf<typeof BacktestCompleted>;
}

/**
 * Collects what a log has of one backtest.
 *
 * @throws InputError when there is no such backtest, it is not over, it failed, or no rules were written down with it.
 */
export function storedRun(reader: StoreReader, backtestId: string): StoredRun {
  let started: DataOf<typeof BacktestStarted> | undefined;
  let loaded: DataOf<typeof BacktestDataLoaded> | undefined;
  let completed: DataOf<typeof BacktestCompleted> | undefined;
  const executed: DataOf<typeof BacktestTradeExecuted>[] = [];
  for (const { type, data } of reader.read({ aggregateId: backtestId })) {
    switch (type) {
      case BacktestStarted.type:
        started ??= data as DataOf<typeof BacktestStarted>;
        break;
      case BacktestDataLoaded.type:
        loaded = data as DataOf<typeof BacktestDataLoaded>;
        break;
      case BacktestTradeExecuted.type:
        executed.push(data as DataOf<typeof BacktestTradeExecuted>);
        break;
      case BacktestCompleted.type:
        completed = data as DataOf<typeof BacktestCompleted>;
        break;
      case BacktestFailed.type:
        throw new InputError(
          `Backtest '${backtestId}' failed: ${(data as DataOf<typeof BacktestFailed>).error_message}`,
        );
    }
  }
  const settings = started && settingsOfOne(started);
  if (started === undefined) {
    throw new InputError(
      `The store '${reader.path}' has no backtest '${backtestId}'. 'millrace inspect' says what is in it.`,
    );
  }
  if (settings === undefined) {
    throw new InputError(
      `Backtest '${backtestId}' has no rules in its backtest.started, so its trades cannot be told. A sweep and storeBacktest write them.`,
    );
  }
  if (completed === undefined) {
    throw new InputError(
      settings.sweep_id === null
        ? `Backtest '${backtestId}' is not whole: the process that wrote it was ended. Delete the store '${reader.path}' and run it again.`
        : `Backtest '${backtestId}' is not over. Run the sweep again with the same store to finish it.`,
    );
  }
  const { parameters } = settings;
  // Rules were checked when the run was planned.
  const rules = settings.rules as unknown as RunSettings;
  return {
    identity: {
      backtestId,
      strategyId: started.strategy_id,
      strategy: settings.strategy,
      symbol: started.symbol,
      timeframe: started.timeframe,
      start: started.start_date,
      end: started.end_date,
      candles: Number(completed.performance_metrics?.candles),
      dataHash: settings.data_hash,
      ...(settings.finer_hash !== undefined && { finerHash: settings.finer_hash }),
      strategyHash: settings.strategy_hash,
      settingsHash: sha256(canonical({ parameters, settings: rules })),
      seed: settings.seed,
    },
    parameters,
    settings: rules,
    level: settings.level,
    loaded,
    executed,
    completed,
  };
}

/** @throws InputError for a run of several markets. */
function settingsOfOne(started: DataOf<typeof BacktestStarted>): ReturnType<typeof storedSettings> {
  const settings = storedSettings(started);
  if (settings?.markets === undefined) return settings;
  const names = settings.markets.map(({ symbol }) => symbol);
  throw new InputError(
    `Backtest '${started.backtest_id}' is of several markets (${names.join(', ')}), and its trades cannot be told from its log yet. Run it again with runBacktest.`,
    { details: { markets: names } },
  );
}
