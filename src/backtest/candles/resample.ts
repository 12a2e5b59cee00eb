import { InputError } from '../../faces/errors.js';
import { checkCandles } from '../given.js';
import { Candles } from './candles.js';
import { parseTimeframe, type Timeframe, timeframeOf } from './timeframe.js';

/** Candles of a coarser timeframe beside the finer ones from which they were made. */
export interface HigherTimeframe {
  readonly candles: Candles;
  readonly timeframe: string;
  /**
   * For each of the finer candles, the last coarser one that has ended when that one ends; -1 before the first. What a
   * strategy may look at on the close of candle `i` are the coarser candles up to `closed[i]`: the one under way has a high
   * that is not known yet.
   */
  readonly closed: Int32Array;
}

/**
 * Makes candles of a coarser timeframe: `5m`, `4h`, `1d`, `1w` (from Monday) or `1M`, all in UTC. The first and the last
 * may be of a part of their time; the last is in no `closed` unless its time is over. Minutes that are missing make
 * no difference: a candle has ended when the clock says so, not when its last minute is there.
 *
 * @throws InvalidOptionError for what are no candles, and a text that is no timeframe. InputError when it cannot be made of these candles.
 */
export function resample(source: Candles, timeframe: string): HigherTimeframe {
  checkCandles('resample', source);
  const target = parseTimeframe(timeframe);
  const name = timeframeOf(source);
  const finer = name === 'unknown' ? target : parseTimeframe(name);
  if (!target.isMadeOf(finer)) {
    throw new InputError(
      `Candles of ${timeframe} cannot be made of candles of ${name}. Name a timeframe that these divide.`,
    );
  }
  const candles = merged(source, target);
  return { candles, timeframe, closed: closedAt(source, finer, candles, target) };
}

function merged(source: Candles, { startOf }: Timeframe): Candles {
  const starts = source.time.map(startOf);
  const count = starts.reduce((sum, start, row) => sum + (row === 0 || start !== starts[row - 1] ? 1 : 0), 0);
  const result = Candles.allocate(count, source.funding !== undefined);
  let at = -1;
  for (let row = 0; row < source.length; row++) {
    const [high, low] = [source.high[row] as number, source.low[row] as number];
    if (row === 0 || starts[row] !== starts[row - 1]) {
      at++;
      result.time[at] = starts[row] as number;
      result.open[at] = source.open[row] as number;
      result.high[at] = high;
      result.low[at] = low;
    }
    result.high[at] = Math.max(result.high[at] as number, high);
    result.low[at] = Math.min(result.low[at] as number, low);
    result.close[at] = source.close[row] as number;
    result.volume[at] = (result.volume[at] as number) + (source.volume[row] as number);
  }
  if (source.funding && result.funding) gatherFunding(source, source.funding, starts, result, result.funding);
  return result;
}

/**
 * A rate that is due at the start of a coarser candle stays there. One that is due within it falls to the start of the
 * next: who was in the market then is who held at the start of the next, not who came in there. Several are added up.
 */
function gatherFunding(
  source: Candles,
  rates: Float64Array,
  starts: Float64Array,
  result: Candles,
  gathered: Float64Array,
): void {
  let at = -1;
  for (let row = 0; row < source.length; row++) {
    if (row === 0 || starts[row] !== starts[row - 1]) at++;
    const rate = rates[row] as number;
    const to = source.time[row] === starts[row] ? at : at + 1;
    if (rate !== 0 && to < result.length) gathered[to] = (gathered[to] as number) + rate;
  }
}

function closedAt(source: Candles, finer: Timeframe, coarser: Candles, target: Timeframe): Int32Array {
  const closed = new Int32Array(source.length);
  let last = -1;
  for (let row = 0; row < source.length; row++) {
    const now = finer.endOf(source.time[row] as number);
    while (last + 1 < coarser.length && target.endOf(coarser.time[last + 1] as number) <= now) last++;
    closed[row] = last;
  }
  return closed;
}
