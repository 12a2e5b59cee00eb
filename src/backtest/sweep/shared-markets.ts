import { Candles } from '../candles/candles.js';
import { finerOf } from '../candles/finer.js';
import { Markets } from '../candles/markets.js';
import { type Market, type OneMarket, wholeOf } from '../runs/plan.js';

/** A market as lanes are given it: its columns lie in memory that all threads share. */
export interface SharedMarket {
  readonly candles: SharedArrayBuffer;
  readonly dataHash: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly finer?: SharedArrayBuffer;
  readonly isTrades?: boolean;
}

/** The market of a sweep, or several with the times of their clock. */
export type SharedMarkets =
  | SharedMarket
  | {
      readonly markets: readonly SharedMarket[];
      readonly clock: SharedArrayBuffer;
      readonly dataHash: string;
    };

export function sharedMarkets(market: Market): SharedMarkets {
  if (market.parts === undefined) return shared(market);
  const { candles, dataHash, parts } = market;
  return { markets: parts.map(shared), clock: candles.time.buffer, dataHash };
}

function shared({ candles, dataHash, symbol, timeframe, finer }: OneMarket): SharedMarket {
  const market = { candles: candles.buffer, dataHash, symbol, timeframe };
  if (finer === undefined) return market;
  return { ...market, finer: finer.candles.buffer, isTrades: finer.timeframe === 'trades' };
}

/** The same on a lane, in place. */
export function marketIn(given: SharedMarkets): Market {
  if (!('markets' in given)) return oneIn(given);
  const parts = given.markets.map(oneIn);
  const [names, candles] = [parts.map(({ symbol }) => symbol), parts.map((part) => part.candles)];
  return wholeOf(Markets.fromShared(names, candles, given.clock), parts, given.dataHash);
}

function oneIn({
  candles: buffer,
  dataHash,
  symbol,
  timeframe,
  finer,
  isTrades = false,
}: SharedMarket): OneMarket {
  const candles = Candles.fromShared(buffer);
  const market = { candles, dataHash, symbol, timeframe };
  return finer ? { ...market, finer: finerOf(candles, Candles.fromShared(finer), isTrades) } : market;
}
