import { refuseInputs } from '../files/inputs.js';
import { strategyFile } from './backtest-arguments.js';

/** Where the commands that simulate read and write. */
interface Files {
  readonly strategy?: string;
  readonly finer?: string;
  readonly store?: string;
  readonly report?: string;
  readonly csv?: string;
}

/** Before anything is read: nothing is written over what the command reads, or writes besides. @throws OutputError */
export function checkOutputs({ strategy, finer, store, report, csv }: Files, candles: string): void {
  refuseInputs(
    [
      ['--store', store],
      ['--report', report],
      ['--csv', csv],
    ],
    [
      ['the file of the candles', candles],
      ['the file of the finer candles', finer],
      ['the file of the strategy', strategyFile(strategy)],
    ],
  );
}
