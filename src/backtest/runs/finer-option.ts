import { types } from 'node:util';
import { didYouMean } from '../../events/nearest.js';
import { InvalidOptionError } from '../../faces/errors.js';
import { Candles } from '../candles/candles.js';
import { candlePerTrade, type FinerCandles, finerOf } from '../candles/finer.js';
import { isByMarket } from '../candles/markets.js';
import { checkTrades, type Trades } from '../candles/trades.js';

/** Finer candles of the same market, or its single trades: they decide what comes first within a candle. */
export type FinerOption = Candles | Trades;

/** The same of several markets; one that is left out has none. */
export type FinerByMarket = Readonly<Record<string, FinerOption>>;

/** @throws InvalidOptionError for finer candles that do not say of which market, or of one that there is not. */
export function finerOfMarket(
  names: readonly string[],
  finer: FinerOption | FinerByMarket | undefined,
): (name: string) => FinerOption | undefined {
  if (finer === undefined) return () => undefined;
  // What is inherited is none of the markets: it would be passed over without a word.
  if (!isByMarket(finer) || isTrades(finer)) {
    throw new InvalidOptionError(
      "'finer' must say of which market they are, as the candles do: { 'KRW-BTC': finerCandles }.",
    );
  }
  const other = Object.keys(finer).find((name) => !names.includes(name));
  if (other !== undefined) {
    throw new InvalidOptionError(
      `'finer' has the market '${other}', of which there are no candles. ${didYouMean(other, names, 'There are')}`,
    );
  }
  return (name) => (Object.hasOwn(finer, name) ? (finer as FinerByMarket)[name] : undefined);
}

/** Of trades, the candles that were made of them last. */
const perTrade = new WeakMap<Trades, Candles>();

/** @throws InvalidOptionError for what is neither. What `finerOf` throws. */
export function finerFor(candles: Candles, finer: FinerOption): FinerCandles {
  if (finer instanceof Candles) return finerOf(candles, finer, false);
  if (!isTrades(finer)) {
    throw new InvalidOptionError(
      "'finer' must be Candles, as readCandles returns them, or trades, as readTrades returns them.",
    );
  }
  const made = perTrade.get(finer) ?? checkedCandles(finer);
  perTrade.set(finer, made);
  return finerOf(candles, made, true);
}

function checkedCandles(trades: Trades): Candles {
  checkTrades("'finer'", trades);
  return candlePerTrade(trades);
}

function isTrades(finer: unknown): finer is Trades {
  const { time, price, quantity } = (finer ?? {}) as Partial<Trades>;
  return [time, price, quantity].every((column) => types.isFloat64Array(column));
}
