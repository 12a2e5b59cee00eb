import { type StoreReport, verifyStore } from '../faces/store.js';
import { visible } from '../kernel/visible.js';
import { type Command, onlyFile, parseCommand } from './command.js';
import { jsonLine, print } from './output.js';
import { grouped, table } from './table.js';

const help = `millrace verify FILE [options]

Reads a whole store and compares it with its checksums: SQLite's pages, every event, the index, the progress and
the dead letters. Ends with 0 when the store is whole and with 1 when it is not. It only reads, also while an engine
has the file open.

  --json    print one JSON object
  --help    print this text
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const result = verifyStore(onlyFile(positionals, 'verify'));
  await print(values.json ? `${jsonLine(result)}\n` : report(result));
  return result.ok ? 0 : 1;
}

function report(result: StoreReport): string {
  const { path, events, aggregates, ok } = result;
  return `
store    ${visible(path)}
read     ${grouped(events)} events of ${grouped(aggregates)} aggregates
result   ${ok ? 'whole: everything is as it was written' : 'DAMAGED'}
${ok ? '' : damage(result)}`;
}

function damage({ problems, more, firstBadPosition, advice }: StoreReport): string {
  const rows = problems.map(({ kind, position, message }) => [
    position === undefined ? '' : String(position),
    kind,
    message,
  ]);
  const first =
    firstBadPosition === undefined
      ? 'No event of the log is affected.'
      : `The first bad position is ${firstBadPosition}; the events before it are as they were written.`;
  return `
${table(['position', '<kind', '<problem'], rows)}
${more === 0 ? '' : `… and ${grouped(more)} more\n`}
${first} ${advice}
`;
}

export default { help, run } satisfies Command;
