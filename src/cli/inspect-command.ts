import { openStoreReader } from '../faces/store.js';
import { visible } from '../kernel/visible.js';
import { INSPECT_LAST_EVENTS } from '../limits.js';
import { type Command, onlyFile, parseCommand, refuseIdle } from './command.js';
import { eventLine, shortEventLine } from './event-line.js';
import { INSPECT_ID_CHARACTERS } from './limits.js';
import { jsonLine, print, shortened } from './output.js';
import { grouped, table } from './table.js';

const help = `millrace inspect FILE [options]

Says what is in a store: events by type and by aggregate, progress, consumers, states, snapshots, timers, commands,
and the last events. It only reads, also while an engine has the file open.

  --json          print one JSON object
  --full          print the last events' payloads and all ids in full, however long they are; JSON has them so
  --fingerprint   also compute the fingerprint, which reads the whole log
  --help          print this text
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      fingerprint: { type: 'boolean', default: false },
    },
  });
  const { full } = values;
  if (values.json) refuseIdle({ full }, 'is of what is printed for a person: JSON has all in full');
  const reader = openStoreReader(onlyFile(positionals, 'inspect'));
  try {
    const { summary, last, fingerprint } = reader.atOnce(() => ({
      summary: reader.summary(),
      last: reader.last(INSPECT_LAST_EVENTS),
      fingerprint: values.fingerprint ? reader.fingerprint() : undefined,
    }));
    await print(
      values.json
        ? `${jsonLine({ ...summary, fingerprint, last })}\n`
        : report(summary, last, fingerprint, full),
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
  full: boolean,
): string {
  const types = summary.types.map(({ type, count }) => [type, grouped(count)]);
  const most = full ? Number.POSITIVE_INFINITY : INSPECT_ID_CHARACTERS;
  const aggregates = summary.topAggregates.map(({ aggregateId, count }) => [
    shortened(aggregateId, most),
    grouped(count),
  ]);
  const progress =
    summary.unfinished === 0 ? 'all handled' : `${grouped(summary.unfinished)} events not handled yet`;
  const { parked, skipped } = summary.deadLetters;
  const deadLetters =
    parked + skipped === 0 ? 'none' : `${grouped(parked)} parked, ${grouped(skipped)} skipped`;
  const consumers = summary.consumers.map(({ name, position, lag, parked: keys, skipped: left }) => [
    visible(name),
    grouped(position),
    grouped(lag),
    grouped(keys),
    grouped(left),
  ]);
  const states = summary.states.map(({ name, version, keys, bytes }) => [
    visible(name),
    String(version),
    grouped(keys),
    grouped(bytes),
  ]);
  const snapshots = summary.snapshots.map(({ name, version, aggregates, bytes }) => [
    visible(name),
    String(version),
    grouped(aggregates),
    grouped(bytes),
  ]);
  return `
store        ${visible(summary.path)} (format ${summary.format}, run ${visible(summary.run)})
events       ${grouped(summary.lastPosition)} of ${grouped(summary.aggregates)} aggregates, ${summary.bytesPerEvent.toFixed(0)} bytes per event
progress     ${progress}; all up to position ${grouped(summary.mark)} are finished
dead letters ${deadLetters}${timersLine(summary.timers)}${commandsLine(summary)}${fingerprint === undefined ? '' : `\nfingerprint  ${fingerprint}`}

${table(['<event type', 'events'], types)}

${table(['<largest aggregates', 'events'], aggregates)}
${consumers.length === 0 ? '' : `\n${table(['<consumer', 'position', 'lag', 'parked', 'skipped'], consumers)}\n`}${states.length === 0 ? '' : `\n${table(['<state', 'version', 'keys', 'bytes'], states)}\n`}${snapshots.length === 0 ? '' : `\n${table(['<snapshots of', 'version', 'aggregates', 'bytes'], snapshots)}\n`}
last events
${last.map(full ? eventLine : shortEventLine).join('\n')}
`;
}

function timersLine({ pending, next }: ReturnType<Reader['summary']>['timers']): string {
  if (pending === 0 || next === undefined) return '';
  return `\ntimers       ${grouped(pending)} pending, the next at ${new Date(next).toISOString()}`;
}

function commandsLine({ commands }: ReturnType<Reader['summary']>): string {
  return commands === 0 ? '' : `\ncommands     ${grouped(commands)} of handlers not decided yet`;
}

export default { help, run } satisfies Command;
