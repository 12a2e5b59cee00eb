import { InputError } from '../../faces/errors.js';
import type { Candles } from '../candles/candles.js';
import type { Markets } from '../candles/markets.js';

/** @param dataHash of the candles of the result; undefined where it does not say it. @throws InputError for other ones. */
export function checkSameCandles(candles: Candles | Markets | undefined, dataHash: string | undefined): void {
  if (candles === undefined || dataHash === undefined || candles.hash() === dataHash) return;
  throw new InputError(
    'The candles of the report are not those of the result. Pass those that the run was of.',
  );
}
