import { existsSync, statSync } from 'node:fs';
import { takeOptions } from '../../events/known-options.js';
import type { NewEvent } from '../../faces/define.js';
import { InputError, InvalidOptionError } from '../../faces/errors.js';
import { openStoreReader } from '../../faces/store.js';
import { openEngine } from '../../index.js';
import { allTradingEvents, BacktestStarted } from '../../trading/index.js';
import type { Candles } from '../candles/candles.js';
import type { Markets } from '../candles/markets.js';
import { checkText } from '../given.js';
import { takeMarkets } from '../runs/given-markets.js';
import { marketOf, planRun } from '../runs/plan.js';
import type { BacktestResult } from '../runs/result.js';
import { type BacktestOptions, runBacktest, STORED_OPTIONS } from '../runs/run-backtest.js';
import { settingsOf } from '../sweep/settings.js';
import { withFigures } from './written-figures.js';

/**
 * Runs one backtest as `runBacktest` does, and writes its events into a new store, with the `backtest.started` that says
 * all that decides it: `readBacktest` and `millrace report` tell it again from there.
 *
 * A process that is killed while it writes leaves a part of them: delete that store and run it again.
 *
 * @throws InputError when the store holds something. InvalidOptionError for the level `summary`, of which nothing could be
 * told. What `runBacktest` and `openEngine` throw.
 */
export async function storeBacktest<Parameters>(
  store: string,
  given: Omit<BacktestOptions<Parameters>, 'emit'>,
): Promise<BacktestResult<Parameters>> {
  checkText('storeBacktest', 'store', store);
  const options = takeOptions(given as Omit<BacktestOptions, 'emit'>, STORED_OPTIONS);
  if (options.level === 'summary') {
    throw new InvalidOptionError(
      "storeBacktest: at the level 'summary' the log has neither trades nor a curve, and nothing could be told of it. Store it at the level 'trades' or 'full'.",
    );
  }
  const started = startedAlone(options);
  checkEmpty(store);
  const events: NewEvent[] = [];
  const result = runBacktest({ ...options, emit: (event) => events.push(event) });
  await writeEvents(store, [started, ...withFigures(events, result)]);
  return result as BacktestResult<Parameters>;
}

/** The event that a run of its own begins with. */
export function startedAlone(options: Omit<BacktestOptions, 'emit'>): NewEvent {
  const { candles, symbol, finer } = takeMarkets('storeBacktest', options);
  const { strategy, parameters, seed = 'millrace', tradeFrom = 0 } = options;
  const market = marketOf(candles, symbol, finer);
  refuseSeveral('storeBacktest', candles);
  const plan = planRun(market, strategy, parameters, options, seed, tradeFrom);
  return BacktestStarted(
    {
      backtest_id: plan.backtestId,
      strategy_id: plan.strategyId,
      symbol,
      start_date: candles.start,
      end_date: candles.end,
      initial_capital: plan.settings.initialCapital,
      timeframe: market.timeframe,
      started_by: 'runBacktest',
      backtest_settings: settingsOf(plan, options.level ?? 'trades', null),
    },
    { occurredAt: candles.start },
  );
}

/** A log has one curve of one market; of several nothing could be told from it. @throws InvalidOptionError */
export function refuseSeveral(of: string, candles: Candles | Markets): void {
  if (!('names' in candles)) return;
  throw new InvalidOptionError(
    `${of}: a run of several markets cannot be told from its log, so it is not stored. Use runBacktest, or sweep, whose store has its rows.`,
  );
}

/** Writes events into a store of their own. */
export async function writeEvents(store: string, events: readonly NewEvent[]): Promise<void> {
  const engine = await openEngine({
    store,
    events: allTradingEvents,
    threads: 0,
    deterministic: true,
    durability: 'os',
    // Made by this package from what it has checked itself.
    validate: 'off',
  });
  try {
    for (let at = 0; at < events.length; at += PAGE) await engine.publishMany(events.slice(at, at + PAGE));
  } finally {
    await engine.close();
  }
}

/** Events that are published at once; the engine takes no more than its queue holds. */
const PAGE = 1000;

/** @throws InputError when a store holds events. */
export function checkEmpty(store: string): void {
  if (!existsSync(store) || (statSync(store).isFile() && statSync(store).size === 0)) return;
  using reader = openStoreReader(store);
  if (reader.summary().lastPosition === 0) return;
  throw new InputError(`The store '${store}' holds events already. Pass the path of another store.`);
}
