import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NewEvent } from '../../faces/define.js';
import { InvalidOptionError } from '../../faces/errors.js';
import { BacktestStarted } from '../../trading/index.js';
import { brokerSettings } from '../broker/settings.js';
import { checkLevel, checkTextsIfAny } from '../given.js';
import { takeMarkets } from '../runs/given-markets.js';
import {
  BACKTEST_VERSION,
  canonical,
  finerHashOf,
  type Market,
  marketOf,
  planChecked,
  type RunPlan,
  sha256,
} from '../runs/plan.js';
import type { RecordingLevel, RunSettings } from '../runs/result.js';
import { parseParameters, type Strategy } from '../strategies/define.js';
import { loadStrategy, strategyUrl } from '../strategies/load.js';
import type { SweepOptions } from './options.js';
import { settingsOf } from './settings.js';
import { type Grid, type ParameterSet, type Space, spaceOf } from './space.js';

/** A checked sweep: equal input gives an equal plan. */
export interface SweepPlan {
  readonly sweepId: string;
  readonly market: Market;
  readonly strategy: Strategy;
  readonly strategyUrl: string;
  readonly settings: RunSettings;
  readonly level: RecordingLevel;
  readonly seed: string;
  /** Undefined for a search. */
  readonly space: Space | undefined;
}

/** @throws InvalidOptionError, InputError when the strategy, a parameter, the grid or a setting is not as documented. */
export async function planSweep(options: SweepOptions): Promise<SweepPlan> {
  const { seed = 'millrace', level = 'trades', search } = options;
  const { candles, symbol, finer } = takeMarkets('sweep', options);
  checkTextsIfAny('sweep', { seed });
  checkLevel(level);
  if (typeof options.strategy !== 'string' && !(options.strategy instanceof URL)) {
    throw new InvalidOptionError(
      "sweep: 'strategy' must be the file of a strategy (a path or URL) or the name of a shipped one: lane threads load it themselves.",
    );
  }
  if (search !== undefined && (options.grid ?? options.random ?? options.list) !== undefined) {
    throw new InvalidOptionError(
      "sweep: with a 'search', which proposes all runs, 'grid', 'random' and 'list' have no effect. Pass one or the other.",
    );
  }
  const url = strategyUrl(options.strategy);
  const strategy = await loadStrategy(options.strategy);
  const settings = brokerSettings(options);
  const space = search === undefined ? spaceOf(strategy, options, seed) : undefined;
  const market = marketOf(candles, symbol, finer);
  const finerHash = finerHashOf(market);
  const { grid, random, list } = options;
  const identity = {
    version: BACKTEST_VERSION,
    strategy: [strategy.hash, moduleHash(url)],
    settings,
    level,
    dataHash: market.dataHash,
    ...(finerHash !== undefined && { finerHash }),
    symbol,
    seed,
    runs: search === undefined ? { grid: sorted(grid), random, list: list?.map(canonical).sort() } : 'search',
  };
  const sweepId = sha256(canonical(identity));
  return { sweepId, market, strategy, strategyUrl: url, settings, level, seed, space };
}

/** One run of it; undefined when the strategy refuses the parameters as a whole, such as a fast average above the slow one. */
export function plannedRun(plan: SweepPlan, set: ParameterSet): RunPlan | undefined {
  const parsed = plan.strategy.definition.parameters.safeParse(set);
  if (!parsed.success) return undefined;
  const parameters = parseParameters(plan.strategy, set);
  return planChecked(plan.market, plan.strategy, parameters, plan.settings, plan.seed);
}

/** The event that asks for a run. */
export function startedEvent(plan: SweepPlan, run: RunPlan): NewEvent {
  const { candles, symbol, timeframe } = plan.market;
  return BacktestStarted(
    {
      backtest_id: run.backtestId,
      strategy_id: run.strategyId,
      symbol,
      start_date: candles.start,
      end_date: candles.end,
      initial_capital: plan.settings.initialCapital,
      timeframe,
      started_by: 'sweep',
      backtest_settings: settingsOf(run, plan.level, plan.sweepId),
    },
    { occurredAt: candles.start },
  );
}

/** The order of a grid's values does not matter, unless some are drawn. */
function sorted(grid: Grid = {}): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(grid).map(([name, values]) => [name, values.map(canonical).sort()]),
  );
}

/** Of the file itself; what it imports is not in it. */
function moduleHash(url: string): string {
  return url.startsWith('file:') ? sha256(readFileSync(fileURLToPath(url), 'utf8')) : sha256(url);
}
