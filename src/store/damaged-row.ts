import { StoreCorruptError } from '../kernel/errors.js';
import type { Sqlite } from './sqlite.js';

/** The error of a row that handlers must not be given. @param what it is: `the state 1 of key 2`. */
export function damagedRow(database: Sqlite, what: string): StoreCorruptError {
  return new StoreCorruptError(
    `Store ${database.name} is damaged: ${what} is not what was written. Run 'millrace verify' on it, and restore it from a backup.`,
  );
}
