import { traceChrome, traceTree } from '../faces/observe.js';
import { openStoreReader, type TraceQuery, traceStory } from '../faces/store.js';
import { type Command, onlyFile, parseCommand, UsageError, wholeNumber } from './command.js';
import { complain, jsonLine, print } from './output.js';

const help = `millrace trace FILE --correlation ID | --id ID | --position N [options]

Follows one story through a store: an event, what handlers emitted for it, what that led to, and everything with
the same correlation id, as a tree. It only reads, also while an engine has the file open.

  --correlation ID   everything that bears this correlation id
  --id ID            this event and what it led to
  --position N       the same, by its position in the log
  --json             the tree as JSON
  --chrome           Chrome trace JSON, for chrome://tracing and Perfetto
  --help             print this text
`;

async function run(args: readonly string[]): Promise<number> {
  const { file, query, format } = parse(args);
  const reader = openStoreReader(file);
  try {
    const trace = traceStory(reader, query);
    if (format === 'json') await print(`${jsonLine(trace)}\n`);
    else if (format === 'chrome') await print(`${jsonLine(traceChrome(trace.roots))}\n`);
    else if (trace.events > 0) await print(`${traceTree(trace.roots)}\n`);
    if (trace.truncated) complain(`The story goes on after these ${trace.events} events.\n`);
    if (trace.events > 0) return 0;
    complain('No event of the store belongs to it.\n');
    return 1;
  } finally {
    reader.close();
  }
}

function parse(args: readonly string[]) {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      correlation: { type: 'string' },
      id: { type: 'string' },
      position: { type: 'string' },
      json: { type: 'boolean', default: false },
      chrome: { type: 'boolean', default: false },
    },
  });
  const file = onlyFile(positionals, 'trace');
  const queries: TraceQuery[] = [
    ...(values.correlation === undefined ? [] : [{ correlationId: values.correlation }]),
    ...(values.id === undefined ? [] : [{ id: values.id }]),
    ...(values.position === undefined
      ? []
      : [{ position: wholeNumber(values.position, '--position', 1, Number.MAX_SAFE_INTEGER) }]),
  ];
  const [query, second] = queries;
  if (!query || second) throw new UsageError("'trace' needs one of --correlation, --id and --position.");
  if (values.json && values.chrome) throw new UsageError('--json and --chrome exclude each other.');
  const format = values.json ? ('json' as const) : values.chrome ? ('chrome' as const) : ('tree' as const);
  return { file, query, format };
}

export default { help, run } satisfies Command;
