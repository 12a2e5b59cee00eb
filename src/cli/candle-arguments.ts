import { CANDLE_FORMATS, type CandleOptions, checkCandleOptions, TIME_UNITS } from '../backtest/index.js';
import { InvalidOptionError } from '../faces/errors.js';
import { UsageError } from './command.js';

/** The options of `parseArgs` for commands that read candles. */
export const CANDLE_ARGUMENTS = {
  format: { type: 'string' },
  zone: { type: 'string' },
  stamps: { type: 'string' },
  timeframe: { type: 'string' },
  faults: { type: 'string' },
  tolerance: { type: 'string' },
  'time-unit': { type: 'string' },
  years: { type: 'string' },
} as const;

/** Their lines of a command's help. */
export const CANDLE_HELP = `  --format FORMAT    ${CANDLE_FORMATS.join(', ')} (default: found out)
  --zone ZONE        zone of written times that name none, such as Asia/Seoul or +09:00 (default: UTC)
  --stamps open|close  whether times are those at which candles begin or end (default: open)
  --timeframe LENGTH length of the candles that are made: 30s, 5m, 4h, 1d, 1w, 1M (trades: default 1m)
  --faults skip      leave out rows that are wrong, and say so (default: the first one is an error)
  --tolerance PART   part of a price by which high and low may be wrong by rounding (default: 0.000001)
  --time-unit UNIT   unit of numeric times: ${TIME_UNITS.join(', ')} (default: found out)
  --years FROM-TO    years in which numeric times may lie (default: 1970-2100)
`;

/** What the command line says of how candles are read. */
export type CandleArguments = Readonly<Partial<Record<keyof typeof CANDLE_ARGUMENTS, string>>>;

/** What the command line says about reading candles. @throws UsageError */
export function candleOptions(given: CandleArguments): CandleOptions {
  const { format, zone, stamps, timeframe, faults, tolerance, 'time-unit': timeUnit, years } = given;
  const [, first, last] = /^(\d{4})-(\d{4})$/.exec(years ?? '') ?? [];
  if (years !== undefined && !(Number(first) >= 1 && Number(first) <= Number(last))) {
    throw new UsageError(`--years is '${years}'; it must be the first and the last year, such as 1900-2100.`);
  }
  const texts = { format, zone, stamps, timeframe, faults, timeUnit };
  const said = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined));
  const options = {
    ...said,
    ...(tolerance !== undefined && { tolerance: tolerance === '' ? Number.NaN : Number(tolerance) }),
    ...(years !== undefined && { years: [Number(first), Number(last)] as const }),
  } as CandleOptions;
  try {
    return checkCandleOptions(options);
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
