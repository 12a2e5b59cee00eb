import { parseArgs } from 'node:util';
import { openStoreReader } from '../index.js';
import { INSPECT_LAST_EVENTS } from '../limits.js';
import { type Command, onlyFile } from './command.js';
import { eventLine } from './event-line.js';
import { jsonLine, print } from './output.js';
import { grouped, table } from './table.js';

const help = `millrace inspect FILE [options]

Says what is in a store: events by type and by aggregate, progress, and the last events. It only reads, also
while an engine has the file open.

  --json          print one JSON object
  --fingerprint   also compute the fingerprint, which reads the whole log
  --help          print this text
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, fingerprint: { type: 'boolean', default: false } },
  });
  const reader = openStoreReader(onlyFile(positionals, 'inspect'));
  try {
    const summary = reader.summary();
    const last = reader.last(INSPECT_LAST_EVENTS);
    const fingerprint = values.fingerprint ? reader.fingerprint() : undefined;
    await print(
      values.json ? `${jsonLine({ ...summary, fingerprint, last })}\n` : report(summary, last, fingerprint),
    );
  } finally {
    reader.close();
  }
  return 0;
}

type Reader = ReturnType<typeof openStoreReader>;

function report(
  summary: ReturnType<Reader['summary']>,
  last: ReturnType<Reader['last']>,
  fingerprint: string | undefined,
): string {
  const types = summary.types.map(({ type, count }) => [type, grouped(count)]);
  const aggregates = summary.topAggregates.map(({ aggregateId, count }) => [aggregateId, grouped(count)]);
  const progress =
    summary.unfinished === 0 ? 'all handled' : `${grouped(summary.unfinished)} events not handled yet`;
  const { parked, skipped } = summary.deadLetters;
  const deadLetters =
    parked + skipped === 0 ? 'none' : `${grouped(parked)} parked, ${grouped(skipped)} skipped`;
  return `
store        ${summary.path} (format ${summary.format}, run ${summary.run})
events       ${grouped(summary.lastPosition)} of ${grouped(summary.aggregates)} aggregates
progress     ${progress}; all up to position ${grouped(summary.mark)} are finished
dead letters ${deadLetters}${fingerprint === undefined ? '' : `\nfingerprint  ${fingerprint}`}

${table(['<event type', 'events'], types)}

${table(['<largest aggregates', 'events'], aggregates)}

last events
${last.map(eventLine).join('\n')}
`;
}

export default { help, run } satisfies Command;
