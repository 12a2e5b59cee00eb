import { InvalidOptionError } from '../kernel/errors.js';

/** What an export is written as. */
export type ExportForm = 'sqlite' | 'jsonl' | 'csv' | 'parquet';

/** A form, and whether the file is compressed as a whole. */
export interface FileForm {
  readonly form: ExportForm;
  readonly isPacked: boolean;
}

const FORMS: Readonly<Record<string, ExportForm>> = {
  db: 'sqlite',
  sqlite: 'sqlite',
  sqlite3: 'sqlite',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  csv: 'csv',
  parquet: 'parquet',
};

/** The form that a file's name asks for. @throws InvalidOptionError */
export function formOf(path: string): FileForm {
  const [, name = '', gz] = /\.([a-z0-9]+?)(\.gz)?$/i.exec(path) ?? [];
  const form = FORMS[name.toLowerCase()];
  const isPacked = gz !== undefined;
  if (form && (!isPacked || form === 'jsonl' || form === 'csv')) return { form, isPacked };
  throw new InvalidOptionError(
    `The name of an export says what it is written as, and ${JSON.stringify(path)} does not. End it with .db, .jsonl, .csv or .parquet; .jsonl and .csv may be followed by .gz.`,
  );
}
