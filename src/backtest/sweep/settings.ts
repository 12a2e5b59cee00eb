import { z } from 'zod';
import type { DataOf } from '../../faces/define.js';
import { InputError } from '../../faces/errors.js';
import type { BacktestStarted } from '../../trading/index.js';
import { finerHashOf, type Market, planChecked, type RunPlan } from '../runs/plan.js';
import type { RecordingLevel, RunSettings } from '../runs/result.js';
import type { Strategy } from '../strategies/define.js';

/** `backtest_settings` of a sweep's `backtest.started`: all that decides the run, but the candles. */
const Settings = z.strictObject({
  strategy: z.string(),
  strategy_hash: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  rules: z.record(z.string(), z.unknown()),
  level: z.enum(['full', 'trades', 'summary']),
  seed: z.string(),
  /** SHA-256 of the candles; of several markets over the names and hashes of all. */
  data_hash: z.string(),
  /** Of each of several markets, in their order. */
  markets: z.array(z.strictObject({ symbol: z.string(), data_hash: z.string() })).optional(),
  /** SHA-256 of the finer candles; left out without. */
  finer_hash: z.string().optional(),
  /** SHA-256 of all that decides the sweep's result; null for a run of its own. */
  sweep_id: z.string().nullable(),
});

export function settingsOf(
  plan: RunPlan,
  level: RecordingLevel,
  sweepId: string | null,
): z.output<typeof Settings> {
  const { dataHash, parts } = plan.market;
  const finerHash = finerHashOf(plan.market);
  return {
    strategy: plan.strategy.name,
    strategy_hash: plan.strategy.hash,
    parameters: plan.parameters,
    rules: { ...plan.settings },
    level,
    seed: plan.seed,
    data_hash: dataHash,
    ...(parts && { markets: parts.map((part) => ({ symbol: part.symbol, data_hash: part.dataHash })) }),
    ...(finerHash !== undefined && { finer_hash: finerHash }),
    sweep_id: sweepId,
  };
}

/** All that decides a run, as its `backtest.started` says it; undefined when it does not. */
export function storedSettings(data: DataOf<typeof BacktestStarted>): z.output<typeof Settings> | undefined {
  return Settings.safeParse(data.backtest_settings).data;
}

/** The parameters in a `backtest.started`; empty when no sweep wrote it. */
export function parametersOf(data: DataOf<typeof BacktestStarted>): Readonly<Record<string, unknown>> {
  return storedSettings(data)?.parameters ?? {};
}

/** The sweep that a `backtest.started` belongs to, or undefined when it is of none. */
export function sweepIdOf(data: DataOf<typeof BacktestStarted>): string | undefined {
  return storedSettings(data)?.sweep_id ?? undefined;
}

/**
 * The run that a `backtest.started` asks for.
 *
 * @throws InputError when a sweep did not write it, or when candles or strategy are others than it was planned with.
 */
export function planOf(
  data: DataOf<typeof BacktestStarted>,
  market: Market,
  strategy: Strategy,
): { readonly plan: RunPlan; readonly level: RecordingLevel } {
  const parsed = Settings.safeParse(data.backtest_settings);
  if (!parsed.success) {
    throw new InputError(
      `Backtest '${data.backtest_id}' has no settings of a sweep. Publish it with sweep().`,
    );
  }
  const { parameters, rules, level, seed, data_hash, finer_hash, strategy_hash } = parsed.data;
  if (data_hash !== market.dataHash || finer_hash !== finerHashOf(market)) {
    throw new InputError(
      `Backtest '${data.backtest_id}' is about other candles (${data_hash.slice(0, 8)}) than those in memory.`,
    );
  }
  if (strategy_hash !== strategy.hash) {
    throw new InputError(
      `Backtest '${data.backtest_id}' is of another strategy '${strategy.name}' than the one that was loaded.`,
    );
  }
  // Rules were checked when the run was planned, by the same version.
  return { plan: planChecked(market, strategy, parameters, rules as unknown as RunSettings, seed), level };
}
