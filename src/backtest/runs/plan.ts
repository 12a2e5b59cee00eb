import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type BrokerOptions, brokerSettings } from '../broker/settings.js';
import type { Candles } from '../candles/candles.js';
import type { FinerCandles } from '../candles/finer.js';
import type { Markets } from '../candles/markets.js';
import { timeframeOf } from '../candles/timeframe.js';
import { parseParameters, type Strategy } from '../strategies/define.js';
import { type FinerByMarket, type FinerOption, finerFor, finerOfMarket } from './finer-option.js';
import { MAX_STRATEGY_ID_CHARACTERS } from './limits.js';
import type { MarketIdentity, RunIdentity, RunSettings } from './result.js';

/** Raise it when the same candles, strategy and settings give other events than before. */
export const BACKTEST_VERSION = 3;

/** What does not change from run to run of the same candles of one market. */
export interface OneMarket {
  readonly candles: Candles;
  readonly symbol: string;
  readonly dataHash: string;
  readonly timeframe: string;
  /** What decides what comes first within a candle. */
  readonly finer?: FinerCandles | undefined;
  readonly parts?: undefined;
}

/** The same of several markets on one clock. */
export interface SeveralMarkets {
  readonly candles: Markets;
  /** The names of all, as `KRW-BTC+KRW-ETH`: of events that are about the whole run. */
  readonly symbol: string;
  /** Of names and candles of all. */
  readonly dataHash: string;
  readonly timeframe: string;
  readonly finer?: undefined;
  readonly parts: readonly OneMarket[];
}

/** What a run walks over. */
export type Market = OneMarket | SeveralMarkets;

/** All that decides the result of one run. */
export interface RunPlan<Of extends Market = Market> {
  readonly market: Of;
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
export function marketOf(
  candles: Candles | Markets,
  symbol: string,
  finer?: FinerOption | FinerByMarket,
): Market {
  if ('names' in candles) return severalMarkets(candles, finer);
  const market = { candles, symbol, dataHash: candles.hash(), timeframe: timeframeOf(candles) };
  return finer === undefined ? market : { ...market, finer: finerFor(candles, finer as FinerOption) };
}

function severalMarkets(candles: Markets, finer: FinerOption | FinerByMarket | undefined): SeveralMarkets {
  const finerIn = finerOfMarket(candles.names, finer);
  const parts = candles.candles.map((own, at): OneMarket => {
    const symbol = candles.names[at] as string;
    // In a first candle nothing can be filled, and by itself it does not tell its length.
    return marketOf(own, symbol, own.length < 2 ? undefined : finerIn(symbol)) as OneMarket;
  });
  return wholeOf(candles, parts, candles.hash());
}

/** What several markets are together. */
export function wholeOf(candles: Markets, parts: readonly OneMarket[], dataHash: string): SeveralMarkets {
  const timeframe = parts.find((part) => part.timeframe !== 'unknown')?.timeframe ?? 'unknown';
  return { candles, symbol: candles.names.join('+'), dataHash, timeframe, parts };
}

/** SHA-256 of the finer candles, in hex; of several markets of all that have some. */
export function finerHashOf({ finer, parts }: Market): string | undefined {
  const all = parts?.flatMap(({ symbol, finer: own }) => (own ? [[symbol, own.hash]] : []));
  return all === undefined || all.length === 0 ? finer?.hash : sha256(JSON.stringify(all));
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
  const { dataHash, symbol } = market;
  const finerHash = finerHashOf(market);
  const identity: unknown[] = [BACKTEST_VERSION, strategy.hash, settingsHash, dataHash, symbol, seed];
  identity.push(tradeFrom, ...(finerHash === undefined ? [] : [finerHash]));
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
  const finerHash = finerHashOf(market);
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
    ...(finerHash !== undefined && { finerHash }),
    ...(market.parts && { markets: market.parts.map(marketIdentity) }),
    strategyHash: strategy.hash,
    settingsHash: plan.settingsHash,
    seed: plan.seed,
    engine: engineVersion(),
    node: process.version,
    v8: process.versions.v8,
    architecture: process.arch,
  };
}

function marketIdentity({ symbol, candles, dataHash }: OneMarket): MarketIdentity {
  const { length, start, end } = candles;
  return { symbol, candles: length, start: start ?? null, end: end ?? null, dataHash };
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
