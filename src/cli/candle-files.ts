import { Candles, type CandlesByMarket, loadCandles } from '../backtest/index.js';
import { candleFile, symbolOf } from './backtest-arguments.js';
import { type CandleArguments, candleOptions } from './candle-arguments.js';
import { refuseIdle, UsageError } from './command.js';

/** The files of candles that a command names, by their markets; that of one without a name has the name of the file. */
export interface CandleFiles {
  readonly files: readonly (readonly [market: string, file: string])[];
  readonly areNamed: boolean;
}

/** What `--market` is in a command's help. */
export const MARKET_HELP = `  --market NAME=FILE candles of one of several markets, which trade one account on one clock; given once for each, instead of
                     CANDLES. What is of equal time goes in the order in which they are given
`;

interface Given extends CandleArguments {
  readonly market?: readonly string[];
  readonly input?: string;
  readonly symbol?: string;
  readonly finer?: string;
}

/** @throws UsageError for what is no name and file, and for candles that are named in two ways. */
export function candleFilesOf(positionals: readonly string[], values: Given, command: string): CandleFiles {
  const { market, input, symbol, finer } = values;
  if (market === undefined) {
    const file = candleFile(positionals, input, command);
    return { files: [[symbolOf(file), file]], areNamed: false };
  }
  const files = new Map<string, string>();
  for (const text of market) {
    const [, name, file] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (name === undefined || file === undefined)
      throw new UsageError(`--market is '${text}'; it must be a name and a file, as KRW-BTC=btc.csv.`);
    if (files.has(name)) throw new UsageError(`--market has '${name}' twice.`);
    files.set(name, file);
  }
  const [other] = positionals;
  if (other !== undefined)
    throw new UsageError(`'${other}' is of no market. Name it: --market NAME=${other}.`);
  refuseIdle({ input }, 'names candles of no market, and has no effect beside --market');
  refuseIdle({ symbol }, 'names one market, and has no effect beside --market');
  refuseIdle(
    { finer },
    'does not say of which market it is, and has no effect beside --market; a program can say it',
  );
  return { files: [...files], areNamed: true };
}

/** The candles of all, and of one market what it is called. */
export async function loadFiles({ files, areNamed }: CandleFiles, values: CandleArguments) {
  const options = candleOptions(values);
  const loaded: [string, Candles][] = [];
  for (const [market, file] of files) loaded.push([market, (await loadCandles(file, options)).candles]);
  const [[symbol, first]] = loaded as [[string, Candles]];
  // Read and made as an object of one market, it would be the same.
  return areNamed ? { candles: Object.fromEntries(loaded) as CandlesByMarket } : { candles: first, symbol };
}

/** What is said of candles: of several markets of the times at which one of them has one. */
export interface Clock extends Pick<Candles, 'time' | 'length' | 'start' | 'end'> {
  readonly markets: number;
}

export function clockOf(candles: Candles | CandlesByMarket): Clock {
  if (candles instanceof Candles) {
    const { time, length, start, end } = candles;
    return { time, length, start, end, markets: 1 };
  }
  const all = Object.values(candles);
  const time = Float64Array.from(new Set(all.flatMap((one) => [...one.time]))).sort();
  const { length } = time;
  return { time, length, start: time[0] as number, end: time[length - 1] as number, markets: all.length };
}
