import { openStoreReader } from '../faces/store.js';
import { type Command, parseCommand, UsageError, wholeNumber } from './command.js';
import { SQL_TABLE_ROWS } from './limits.js';
import { type AnswerOptions, printAnswer } from './sql-output.js';
import { prompt } from './sql-prompt.js';

const help = `millrace sql FILE ["SELECT …"] [options]

Asks a store in SQL, read-only, also while an engine has the file open. Without a statement there is a prompt, or
the statements of stdin are taken, each up to its semicolon.

  millrace sql shop.db "SELECT type, count(*), avg(data ->> '$.amount') FROM events GROUP BY type"

Tables: events, events_of(aggregate_id), events_between(first, last), events_of_type(type), aggregates, types,
dead_letters, consumers. Payload (data) and metadata are JSON text. More in docs/sql.md.

  --param VALUE   the value of the next ? in the statement, as text; may be given several times.
                  CAST(? AS INTEGER) makes a number of it
  --json          one JSON object a row
  --csv           comma-separated values with a line of headings
  --limit N       print at most so many rows; default ${SQL_TABLE_ROWS} of a table, all of JSON and CSV
  --full          do not cut cells so that a row fits the terminal
  --help          print this text
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      csv: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      limit: { type: 'string' },
      param: { type: 'string', multiple: true },
    },
  });
  const [file = '', statement, extra] = positionals;
  if (file === '') throw new UsageError(`'sql' needs a file: millrace sql FILE "SELECT …"`);
  if (extra !== undefined) {
    throw new UsageError(`'sql' takes one statement, and '${extra}' is a second one. Put it in quotes.`);
  }
  if (values.json && values.csv) throw new UsageError('--json and --csv exclude each other.');
  const format = values.json ? 'json' : values.csv ? 'csv' : 'table';
  const options = {
    format,
    limit: limitOf(values.limit, format),
    full: values.full,
  } as const;
  if (statement === undefined) {
    if (values.param) throw new UsageError('--param needs a statement: a prompt has no place for it.');
    return prompt(file, (sql) => answer(file, sql, [], options));
  }
  await answer(file, statement, values.param ?? [], options);
  return 0;
}

type Shown = Pick<AnswerOptions, 'format' | 'limit'> & { readonly full: boolean };

/** Opened for each statement: what the log has learned since the last one is in the answer. */
async function answer(file: string, sql: string, params: readonly string[], shown: Shown): Promise<void> {
  using reader = openStoreReader(file);
  using rows = reader.sql(sql, params);
  const { columns } = process.stdout;
  await printAnswer(rows, { ...shown, width: shown.full || !columns ? undefined : columns });
}

function limitOf(text: string | undefined, format: AnswerOptions['format']): number {
  if (text !== undefined) return wholeNumber(text, '--limit', 1, Number.MAX_SAFE_INTEGER);
  return format === 'table' ? SQL_TABLE_ROWS : Number.POSITIVE_INFINITY;
}

export default { help, run } satisfies Command;
