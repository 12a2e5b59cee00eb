import { exportStore } from '../faces/store.js';
import { allOrNothing } from './all-or-nothing.js';
import { type Command, onlyFile, parseCommand, UsageError } from './command.js';
import { borderOf } from './event-range.js';
import { complain, jsonLine, print } from './output.js';
import { ProgressBar } from './progress-bar.js';
import { grouped } from './table.js';

const help = `millrace export FILE --to OUT [options]

Writes the events of a store for other programs, an event a row, also while an engine has the file open. The end of
OUT's name says as what:

  .db        a plain SQLite database: a table events with the indexes that one expects, payloads as JSON text
  .jsonl     JSON lines, losing nothing: 'millrace import' makes an equal store of them
  .csv       comma-separated values with a line of headings
  .parquet   for DuckDB, pandas and Polars; needs 'npm install hyparquet-writer'

.jsonl and .csv are compressed when .gz follows. More in docs/sql.md.

  --types TYPE      only this event type; may be given several times, or with commas
  --aggregate ID    only the events of this aggregate
  --from BORDER     the first event: a position, or a time as ISO text (UTC unless it names a zone)
  --until BORDER    the last one, in the same way; both are included
  --force           replace OUT if it is an earlier export; anything else is never replaced
  --json            print one JSON object
  --help            print this text
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      types: { type: 'string', multiple: true },
      aggregate: { type: 'string' },
      from: { type: 'string' },
      until: { type: 'string' },
      force: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const file = onlyFile(positionals, 'export');
  const { to, types, aggregate, from, until, force } = values;
  if (!to) throw new UsageError(`'export' needs a file to write: millrace export ${file} --to events.jsonl`);
  if (aggregate === '') throw new UsageError('--aggregate is empty. Pass the id of an aggregate.');
  const bar = new ProgressBar();
  const borders = {
    ...(from !== undefined && { from: borderOf(from, '--from') }),
    ...(until !== undefined && { until: borderOf(until, '--until') }),
  };
  return allOrNothing(
    bar,
    (signal) =>
      exportStore(file, to, {
        ...(types !== undefined && { types: types.flatMap((list) => list.split(',')) }),
        ...(aggregate !== undefined && { aggregateId: aggregate }),
        ...borders,
        force,
        signal,
        onProgress: (done, total) => bar.update(done, total),
      }),
    async (summary) => {
      const { path, events, bytes } = summary;
      await print(
        values.json
          ? `${jsonLine(summary)}\n`
          : `${grouped(events)} ${events === 1 ? 'event' : 'events'} in ${path} (${grouped(bytes)} bytes)\n`,
      );
      // An empty file may be right, but mostly an id or a border was not what was meant.
      if (events === 0) complain('No event of the store is like that.\n');
    },
  );
}

export default { help, run } satisfies Command;
