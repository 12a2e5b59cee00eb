import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type BrokerOptions, brokerSettings } from '../broker/settings.js';
import type { Candles } from '../candles/candles.js';
import type { FinerCandles } from '../candles/finer.js';
import { timeframeOf } from '../candles/timeframe.js';
import { parseParameters, type Strategy } from '../strategies/define.js';
import { type FinerOption, finerFor } from './finer-option.js';
import { MAX_STRATEGY_ID_CHARACTERS } from './limits.js';
import type { RunIdentity, RunSettings } from './result.js';

/** Raise it when the same candles, strategy and settings give other events than before. */
export const BACKTEST_VERSION = 3;

/** What does not change from run to run of the same candles. */
export interface Market {
  readonly candles: Candles;
  readonly symbol: string;
  readonly dataHash: string;
  readonly timeframe: string;
  /** What decides what comes first within a candle. */
  readonly finer?: FinerCandles | undefined;
}

/** All that decides the result of one run. */
export interface RunPlan {
  readonly market: Market;
  readonly strategy: Strategy;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly settings: RunSettings;
  readonly seed: string;
  /** Index of the first candle on which the strategy is asked. */
  readonly tradeFrom: number;
  readonly backtestId: string;
  readonly strategyId: string;
  readonly settingsHash: string;
}

/** @throws InvalidOptionError, InputError for finer candles that are not of these. */
export function marketOf(candles: Candles, symbol: string, finer?: FinerOption): Market {
  const market = { candles, symbol, dataHash: candles.hash(), timeframe: timeframeOf(candles) };
  return finer === undefined ? market : { ...market, finer: finerFor(candles, finer) };
}

/** @throws InvalidOptionError when a parameter or a setting is out of its range. */
export function planRun(
  market: Market,
  strategy: Strategy,
  given: unknown,
  broker: BrokerOptions,
  seed: string,
  tradeFrom = 0,
): RunPlan {
  return planChecked(
    market,
    strategy,
    parseParameters(strategy, given),
    brokerSettings(broker),
    seed,
    tradeFrom,
  );
}

/** As `planRun`, of parameters and settings that were checked before. */
export function planChecked(
  market: Market,
  strategy: Strategy,
  parameters: Readonly<Record<string, unknown>>,
  settings: RunSettings,
  seed: string,
  tradeFrom = 0,
): RunPlan {
  const strategyId = strategyIdOf(strategy, parameters);
  const settingsHash = sha256(canonical({ parameters, settings }));
  const { dataHash, symbol, finer } = market;
  const identity: unknown[] = [BACKTEST_VERSION, strategy.hash, settingsHash, dataHash, symbol, seed];
  identity.push(tradeFrom, ...(finer ? [finer.hash] : []));
  const backtestId = `${strategyId}@${sha256(JSON.stringify(identity)).slice(0, 8)}`;
  return { market, strategy, parameters, settings, seed, tradeFrom, backtestId, strategyId, settingsHash };
}

/** The name of a parameter set, as `rsi-14-30-60-0.05`: values in the order of the schema, as JavaScript prints them. */
export function strategyIdOf(
  { name, definition }: Strategy,
  parameters: Readonly<Record<string, unknown>>,
): string {
  // One that was not given has no value, and keeps its place.
  const values = Object.keys(definition.parameters.shape).map((parameter) => parameters[parameter] ?? 'none');
  const text = [
    name,
    ...values.map((value) => (typeof value === 'object' ? canonical(value) : String(value))),
  ].join('-');
  if (text.length <= MAX_STRATEGY_ID_CHARACTERS) return text;
  return `${text.slice(0, MAX_STRATEGY_ID_CHARACTERS - 13)}-${sha256(text).slice(0, 12)}`;
}

export function identityOf(plan: RunPlan): RunIdentity {
  const { market, strategy } = plan;
  return {
    backtestId: plan.backtestId,
    strategyId: plan.strategyId,
    strategy: strategy.name,
    symbol: market.symbol,
    timeframe: market.timeframe,
    start: market.candles.start,
    end: market.candles.end,
    candles: market.candles.length,
    dataHash: market.dataHash,
    ...(market.finer && { finerHash: market.finer.hash }),
    strategyHash: strategy.hash,
    settingsHash: plan.settingsHash,
    seed: plan.seed,
    engine: engineVersion(),
    node: process.version,
    v8: process.versions.v8,
    architecture: process.arch,
  };
}

let version: string | undefined;

function engineVersion(): string {
  // By the package's own name, because the way up differs between source and dist.
  version ??= String(
    JSON.parse(readFileSync(new URL(import.meta.resolve('millrace/package.json')), 'utf8')).version,
  );
  return version;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with the keys of all objects in sorted order. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'undefined'
  );
}
