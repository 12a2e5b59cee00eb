import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { optionNames, takeOptions } from '../../events/known-options.js';
import { InvalidOptionError } from '../../faces/errors.js';
import type { Order } from '../broker/order.js';
import { BROKER_NAMES, type BrokerOptions } from '../broker/settings.js';
import type { Candles } from '../candles/candles.js';
import type { CandlesByMarket } from '../candles/markets.js';
import { checkLevel, checkTextsIfAny } from '../given.js';
import { isStrategy, type Strategy } from '../strategies/define.js';
import { benchmarkOf } from './buy-and-hold.js';
import { completedEvent, statisticsOf } from './completed.js';
import type { FinerByMarket, FinerOption } from './finer-option.js';
import { takeMarkets } from './given-markets.js';
import type { Emit } from './order-events.js';
import { canonical, identityOf, marketOf, planRun, type RunPlan } from './plan.js';
import type { BacktestResult, RecordingLevel } from './result.js';
import { finerUse, orderRows } from './rows.js';
import { runSimulation } from './run-simulation.js';
import type { Simulated } from './simulate.js';

/** What decides a run, and what is to be heard of it. */
export interface BacktestOptions<Parameters = Readonly<Record<string, unknown>>> extends BrokerOptions {
  /**
   * Those of one market, or of several by their names: `{ 'KRW-BTC': candles, 'KRW-ETH': others }`. They trade one account, on one
   * clock; candles of all must be of one length and begin together. What is of equal time goes in the order of the names.
   */
  readonly candles: Candles | CandlesByMarket;
  /**
   * Finer candles of the same market, whose length divides that of `candles`, or its trades: where stop and target lie within one
   * candle, they decide which came first. A candle that they do not make up is decided by `insideBar`. Of several markets by their names.
   */
  readonly finer?: FinerOption | FinerByMarket | undefined;
  readonly strategy: Strategy<Parameters>;
  /** Those left out have the defaults of the strategy's schema. */
  readonly parameters?: Partial<Parameters> | undefined;
  /** Name of what the candles are of. Default `candles`. Several markets have names, and no other. */
  readonly symbol?: string;
  /** Seed of `ctx.random()`. Default `millrace`. */
  readonly seed?: string;
  /** Takes the run's events, in order. */
  readonly emit?: Emit;
  /** Which events there are for `emit`; without it of no effect. Default `trades`. */
  readonly level?: RecordingLevel;
  /** Index of the first candle on which the strategy is asked; those before it only warm up. Default 0. */
  readonly tradeFrom?: number;
  /** Milliseconds that the run may take, above 0; looked at between two candles. Default: no limit. */
  readonly budgetMs?: number;
}

/** Options of a run whose events somebody else takes. */
const NAMES = {
  candles: true,
  finer: true,
  strategy: true,
  parameters: true,
  symbol: true,
  seed: true,
  level: true,
  tradeFrom: true,
  budgetMs: true,
  ...BROKER_NAMES,
} as const;

const OPTIONS = optionNames<BacktestOptions>('runBacktest', { ...NAMES, emit: 'function' });

export const STORED_OPTIONS = optionNames<Omit<BacktestOptions, 'emit'>>('storeBacktest', NAMES);

/**
 * Runs one backtest, here and now: a pure function of candles, strategy, parameters, settings and seed.
 *
 * @throws InvalidOptionError when an option or a parameter is out of its range.
 * @throws StrategyMistakeError when the strategy threw or did what it must not; `details` says at which candle.
 */
export function runBacktest<Parameters>(given: BacktestOptions<Parameters>): BacktestResult<Parameters> {
  return runWithOrders(given).result;
}

/** The same, with the orders of the result as the broker had them, each in the place of its row. */
export function runWithOrders<Parameters>(given: BacktestOptions<Parameters>): {
  readonly result: BacktestResult<Parameters>;
  readonly orders: readonly Order[];
} {
  const options = takeOptions(given as BacktestOptions, OPTIONS);
  const {
    strategy,
    parameters,
    seed = 'millrace',
    emit,
    level = 'trades',
    tradeFrom = 0,
    budgetMs,
  } = options;
  const { candles, symbol, finer } = takeMarkets('runBacktest', options);
  checkTextsIfAny('runBacktest', { seed });
  if (!isStrategy(strategy))
    throw new InvalidOptionError("runBacktest: 'strategy' must be what defineStrategy returned.");
  checkLevel(level);
  checkBudget(budgetMs);
  if (!(Number.isInteger(tradeFrom) && tradeFrom >= 0 && tradeFrom < candles.length)) {
    throw new InvalidOptionError(
      `tradeFrom is ${tradeFrom}; it must be the index of a candle, 0 to ${candles.length - 1}.`,
    );
  }
  const plan = planRun(marketOf(candles, symbol, finer), strategy, parameters, options, seed, tradeFrom);
  const start = performance.now();
  const run = runSimulation(plan, { level, emit, keep: true, budgetMs });
  const statistics = statisticsOf(plan, run);
  emit?.(completedEvent(plan, run, statistics, (performance.now() - start) / 1000, level));
  const { account } = run.brokers[0];
  const result = {
    identity: identityOf(plan),
    parameters: plan.parameters as z.output<z.ZodObject> as Parameters,
    settings: plan.settings,
    trades: run.rows.trades,
    orders: orderRows(run),
    fills: run.rows.fills,
    equity: {
      time: candles.time,
      equity: run.equity,
      position: run.position as Float64Array,
      ...(run.positions && { positions: run.positions }),
    },
    plots: run.records.plots,
    logs: run.records.logs,
    benchmark: benchmarkOf(candles, plan.settings),
    statistics: statistics.curve,
    tradeStatistics: statistics.trades,
    finalCapital: statistics.curve.finalCapital,
    commission: account.commissionPaid,
    funding: account.fundingReceived ?? null,
    turnover: account.turnover,
    exposure: run.candlesHeld / candles.length,
    finer: finerUse(plan, run),
  };
  const { orders } = run.rows;
  return { result: { ...result, fingerprint: fingerprintOf(plan, run, result.orders) }, orders };
}

function checkBudget(budgetMs: number | undefined): void {
  if (budgetMs === undefined || budgetMs > 0) return;
  throw new InvalidOptionError(`budgetMs is ${String(budgetMs)}; it must be a number above 0.`);
}

function fingerprintOf(plan: RunPlan, run: Simulated, orders: readonly unknown[]): string {
  const hash = createHash('sha256');
  hash.update(plan.backtestId);
  hash.update(canonical([orders, run.rows.fills, run.rows.trades, run.records.logs]));
  hash.update(bytesOf(run.equity));
  for (const values of Object.values(run.positions ?? {})) hash.update(bytesOf(values));
  for (const { name, values } of run.records.plots) hash.update(name).update(bytesOf(values));
  return hash.digest('hex');
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
