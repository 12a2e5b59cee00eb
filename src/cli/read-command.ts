import { openStoreReader, type StoreReadOptions } from '../faces/store.js';
import { READ_CHUNK_CHARACTERS } from '../limits.js';
import { type Command, onlyFile, parseCommand, UsageError, wholeNumber } from './command.js';
import { eventLine } from './event-line.js';
import { complain, jsonLine, print } from './output.js';

const help = `millrace read FILE [options]

Prints the events of a store in order, one a line. It only reads, also while an engine has the file open.

  --aggregate ID    only the events of this aggregate
  --from POSITION   begin at this position of the log
  --type TYPE       only this event type; may be given several times
  --json            one JSON object a line, with id and metadata
  --help            print this text
`;

interface ReadArguments {
  readonly file: string;
  readonly from: number;
  readonly options: StoreReadOptions;
  readonly json: boolean;
}

async function run(args: readonly string[]): Promise<number> {
  const { file, from, options, json } = parse(args);
  const reader = openStoreReader(file);
  try {
    let chunk = '';
    let count = 0;
    for (const event of reader.read(options)) {
      // An aggregate is read in version order, which is position order too, but begins at its version 1.
      if (event.position < from) continue;
      count++;
      chunk += `${json ? jsonLine(event) : eventLine(event)}\n`;
      if (chunk.length < READ_CHUNK_CHARACTERS) continue;
      await print(chunk);
      chunk = '';
    }
    await print(chunk);
    // An empty answer may be right, but mostly an id or a position was not what was meant.
    if (count === 0) complain('No event of the store is like that.\n');
  } finally {
    reader.close();
  }
  return 0;
}

function parse(args: readonly string[]): ReadArguments {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      aggregate: { type: 'string' },
      from: { type: 'string', default: '1' },
      type: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
    },
  });
  const file = onlyFile(positionals, 'read');
  if (values.aggregate === '') throw new UsageError('--aggregate is empty. Pass the id of an aggregate.');
  const from = wholeNumber(values.from, '--from', 1, Number.MAX_SAFE_INTEGER);
  const options: StoreReadOptions = {
    ...(values.aggregate === undefined ? { fromPosition: from } : { aggregateId: values.aggregate }),
    ...(values.type !== undefined && { types: values.type }),
  };
  return { file, from, options, json: values.json };
}

export default { help, run } satisfies Command;
