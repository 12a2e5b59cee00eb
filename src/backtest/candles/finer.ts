import { InputError, InvalidOptionError } from '../../faces/errors.js';
import { formatTime } from './candle-rows.js';
import { Candles } from './candles.js';
import { ROUNDING_TOLERANCE } from './limits.js';
import { parseTimeframe, type Timeframe, timeframeOf } from './timeframe.js';
import type { Trades } from './trades.js';

/** Finer candles of a market, or its trades, and which of them lie in each candle. */
export interface FinerCandles {
  /** Of trades one of each. */
  readonly candles: Candles;
  /** Their length, or `trades`. */
  readonly timeframe: string;
  /** SHA-256 of them, in hex. */
  readonly hash: string;
  /** Of each candle the first that lies in it, and the one behind the last; equal where they do not make it up. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Candles that they make up: their prices give open, high, low and close. */
  readonly covered: number;
}

/** What was found for some candles last, by their buffer: the runs of a sweep have the same. */
const found = new WeakMap<SharedArrayBuffer, FinerCandles>();

/**
 * Finds the finer candles that lie in each candle. A candle of which some are missing has none.
 *
 * @param isTrades whether each of them is one trade.
 * @throws InvalidOptionError when their length does not divide that of the candles, or nothing tells it.
 * @throws InputError when they are of another market, or of another time.
 */
export function finerOf(candles: Candles, finer: Candles, isTrades: boolean): FinerCandles {
  const last = found.get(candles.buffer);
  if (last !== undefined && last.candles.buffer === finer.buffer) return last;
  const [length, timeframe] = lengthsOf(candles, finer, isTrades);
  const made = {
    candles: finer,
    timeframe: isTrades ? 'trades' : timeframe.name,
    hash: finer.hash(),
    ...matched(candles, finer, length, isTrades ? undefined : timeframe),
  };
  found.set(candles.buffer, made);
  return made;
}

/** A candle of each trade, in a buffer that threads can share. Trades of one moment are as many candles. */
export function candlePerTrade({ length, time, price, quantity }: Trades): Candles {
  const candles = Candles.allocate(length);
  candles.time.set(time);
  for (const name of ['open', 'high', 'low', 'close'] as const) candles[name].set(price);
  candles.volume.set(quantity);
  return candles;
}

function lengthsOf(candles: Candles, finer: Candles, isTrades: boolean): readonly [Timeframe, Timeframe] {
  const [name, finerName] = [timeframeOf(candles), isTrades ? '1ms' : timeframeOf(finer)];
  if (name === 'unknown' || finerName === 'unknown') {
    throw new InvalidOptionError(
      `finer: there is a single ${name === 'unknown' ? 'candle' : 'finer candle'}, whose length nothing tells.`,
    );
  }
  const [length, finerLength] = [parseTimeframe(name), parseTimeframe(finerName)];
  if (length.isMadeOf(finerLength) && finerLength.leastMs < length.leastMs) return [length, finerLength];
  throw new InvalidOptionError(
    `finer: candles of ${finerName} do not divide candles of ${name}. Pass finer ones whose length divides theirs.`,
    { details: { timeframe: name, finer: finerName } },
  );
}

/** @param finerLength undefined for trades, which have none. */
function matched(candles: Candles, finer: Candles, length: Timeframe, finerLength: Timeframe | undefined) {
  const finerMs = finerLength?.leastMs ?? Number.POSITIVE_INFINITY;
  const from = new Int32Array(candles.length);
  const to = new Int32Array(candles.length);
  let next = 0;
  let covered = 0;
  for (let index = 0; index < candles.length; index++) {
    const start = candles.time[index] as number;
    const end = Math.min(length.endOf(start), candles.time[index + 1] ?? Number.POSITIVE_INFINITY);
    while (next < finer.length && (finer.time[next] as number) < start) next++;
    const first = next;
    while (next < finer.length && (finer.time[next] as number) < end) next++;
    if (first === next) continue;
    // One that begins half a minute late has prices of the next candle in it.
    const isWithin = !finerLength || finerLength.endOf(finer.time[next - 1] as number) <= end;
    if (isWithin && makesUp(candles, index, finer, first, next)) {
      from[index] = first;
      to[index] = next;
      covered++;
    } else if (next - first === Math.round((end - start) / finerMs)) {
      throw otherMarket(`The candle of ${formatTime(start)} is not made of the finer ones in it`, start);
    }
  }
  if (covered > 0) return { from, to, covered };
  const [firstTime, lastTime] = [formatTime(finer.start), formatTime(finer.end)];
  throw otherMarket(`No candle is made of the finer ones, which go from ${firstTime} to ${lastTime}`, null);
}

function makesUp(candles: Candles, index: number, finer: Candles, from: number, to: number): boolean {
  let high = 0;
  let low = Number.POSITIVE_INFINITY;
  for (let at = from; at < to; at++) {
    high = Math.max(high, finer.high[at] as number);
    low = Math.min(low, finer.low[at] as number);
  }
  const same = (a: number | undefined, b: number | undefined) =>
    Math.abs((a as number) - (b as number)) <= (b as number) * ROUNDING_TOLERANCE;
  return (
    same(high, candles.high[index]) &&
    same(low, candles.low[index]) &&
    same(finer.open[from], candles.open[index]) &&
    same(finer.close[to - 1], candles.close[index])
  );
}

function otherMarket(what: string, time: number | null): InputError {
  return new InputError(`finer: ${what}. Pass those of the same market and the same time.`, {
    details: { time },
  });
}
