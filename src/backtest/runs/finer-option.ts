import { types } from 'node:util';
import { InvalidOptionError } from '../../faces/errors.js';
import { Candles } from '../candles/candles.js';
import { candlePerTrade, type FinerCandles, finerOf } from '../candles/finer.js';
import { checkTrades, type Trades } from '../candles/trades.js';

/** Finer candles of the same market, or its single trades: they decide what comes first within a candle. */
export type FinerOption = Candles | Trades;

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
