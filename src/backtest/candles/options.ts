import { optionNames, takeOptions } from '../../events/known-options.js';
import { InvalidOptionError } from '../../faces/errors.js';
import { oneOf } from '../given.js';
import { type EpochOptions, TIME_UNITS } from './epoch-column.js';
import { CANDLE_FORMATS, type CandleFormat, type Stamps } from './formats.js';
import { parseTimeframe } from './timeframe.js';
import { Zone } from './zone.js';

/** How candles are read. What is left out is found out of the file, or is as said here. */
export interface CandleOptions extends EpochOptions {
  /** Whose format it is. Left out: found out; an error when it is not clear. */
  readonly format?: CandleFormat;
  /** Zone of written times that name none: `UTC`, `Asia/Seoul`, `+09:00`. Default UTC. */
  readonly zone?: string;
  /** Whether the times are those at which candles begin or end. Default `open`, unless the column's name says otherwise. */
  readonly stamps?: Stamps;
  /** Length of the candles that are wanted: coarser than those in the file, or any for trades (default there: 1m). */
  readonly timeframe?: string;
  /**
   * `refuse` (the default): the first row that is wrong is an error that names its line. `skip`: rows that are no candles
   * are left out, times that go back are sorted, of several rows of one time the last counts, and the report says all that.
   */
  readonly faults?: 'refuse' | 'skip';
  /** Part of a price by which high and low may be on the wrong side of open and close; they are put right. Default 1e-6. */
  readonly tolerance?: number;
}

const CANDLES = optionNames<CandleOptions>('The reading of candles', {
  timeUnit: true,
  years: true,
  format: true,
  zone: true,
  stamps: true,
  timeframe: true,
  faults: true,
  tolerance: true,
});

/** The options, each read once. @throws InvalidOptionError for names and values that are none. */
export function checkCandleOptions(options: CandleOptions): CandleOptions {
  const taken = takeOptions(options, CANDLES);
  const { timeUnit, format, stamps, faults } = taken;
  if (timeUnit !== undefined) oneOf('Option timeUnit', timeUnit, TIME_UNITS);
  if (format !== undefined) oneOf('Option format', format, CANDLE_FORMATS);
  if (stamps !== undefined) oneOf('Option stamps', stamps, ['open', 'close']);
  if (faults !== undefined) oneOf('Option faults', faults, ['refuse', 'skip']);
  checkYears(taken.years);
  const { zone, timeframe, tolerance = 0 } = taken;
  if (zone !== undefined) new Zone(String(zone));
  if (timeframe !== undefined) parseTimeframe(timeframe);
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new InvalidOptionError(
      `Option tolerance is ${tolerance}; it must be a fraction from 0 to below 1, such as 0.001 for 0.1 %.`,
    );
  }
  return taken;
}

function checkYears(years: CandleOptions['years']): void {
  if (years === undefined) return;
  const [first, last] = Array.isArray(years) ? years : [];
  if (isYear(first) && isYear(last) && first <= last) return;
  throw new InvalidOptionError(
    'Option years must be the first and the last year, from 1 to 9999, such as [1900, 2100].',
  );
}

function isYear(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 9999;
}
