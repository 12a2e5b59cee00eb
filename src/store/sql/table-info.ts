import { TABLES, tableForm } from './tables.js';

/** A table that SQL over a log knows. */
export interface SqlTableInfo {
  /** How it is written in a statement: `events`, or `events_of(aggregate_id)`. */
  readonly form: string;
  readonly columns: readonly string[];
  /** What it holds, in half a line. */
  readonly about: string;
}

/** The tables that `StoreReader.sql` and `millrace sql` know. */
export const SQL_TABLES: readonly SqlTableInfo[] = TABLES.map((table) => ({
  form: tableForm(table),
  columns: table.columns,
  about: table.about,
}));
