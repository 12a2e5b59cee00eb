import { InvalidOptionError } from '../../faces/errors.js';
import type { Candles } from '../candles/candles.js';
import { type CandlesByMarket, isByMarket, Markets } from '../candles/markets.js';
import { checkCandles, checkMarketName } from '../given.js';
import { type FinerByMarket, type FinerOption, finerOfMarket } from './finer-option.js';

/** What a run is given of its markets: one without a name of its own, or several by their names. */
export interface GivenMarkets {
  readonly candles: Candles | CandlesByMarket;
  readonly symbol?: string | undefined;
  readonly finer?: FinerOption | FinerByMarket | undefined;
}

/** The same, checked. An object of one market is that market. */
export interface TakenMarkets {
  readonly candles: Candles | Markets;
  readonly symbol: string;
  readonly finer?: FinerOption | FinerByMarket | undefined;
}

/** @throws InvalidOptionError for what are no candles, and for a name of what has names. */
export function takeMarkets(of: string, { candles, symbol, finer }: GivenMarkets): TakenMarkets {
  if (symbol !== undefined) checkMarketName(of, 'symbol', symbol);
  if (candles instanceof Markets) return { candles, symbol: candles.names.join('+'), finer };
  if (!isByMarket(candles)) return { candles: checkCandles(of, candles), symbol: symbol ?? 'candles', finer };
  const markets = Markets.of(of, candles);
  if (symbol !== undefined) {
    throw new InvalidOptionError(
      `${of}: 'symbol' names one market, and those of 'candles' have names. Leave it out.`,
    );
  }
  const [name = '', second] = markets.names;
  if (second !== undefined) return { candles: markets, symbol: markets.names.join('+'), finer };
  return { candles: markets.candles[0] as Candles, symbol: name, finer: finerOfMarket([name], finer)(name) };
}

/** The candles that a report is given. @throws InvalidOptionError for what are none. */
export function takeCandlesIfAny(
  of: string,
  candles: GivenMarkets['candles'] | undefined,
): Candles | Markets | undefined {
  return candles === undefined ? undefined : takeMarkets(of, { candles }).candles;
}

/** Parts of checked candles, as an option of a run. */
export function asGiven(candles: Candles | Markets): GivenMarkets['candles'] {
  return candles as Candles | CandlesByMarket;
}
