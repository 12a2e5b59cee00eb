import { type NamedFile, refuseInputs } from '../files/inputs.js';
import { strategyFile } from './backtest-arguments.js';
import type { CandleFiles } from './candle-files.js';

/** Where the commands that simulate read and write. */
interface Files {
  readonly strategy?: string;
  readonly finer?: string;
  readonly store?: string;
  readonly report?: string;
  readonly csv?: string;
}

/** Before anything is read: nothing is written over what the command reads, or writes besides. @throws OutputError */
export function checkOutputs({ strategy, finer, store, report, csv }: Files, { files }: CandleFiles): void {
  refuseInputs(
    [
      ['--store', store],
      ['--report', report],
      ['--csv', csv],
    ],
    [
      ...files.map(([, file]): NamedFile => ['the file of the candles', file]),
      ['the file of the finer candles', finer],
      ['the file of the strategy', strategyFile(strategy)],
    ],
  );
}
