import { openStoreReader, type StoreReadOptions } from '../faces/store.js';
import { READ_CHUNK_CHARACTERS } from '../limits.js';
import { type Command, onlyFile, parseCommand, UsageError, wholeNumber } from './command.js';
import { eventLine } from './event-line.js';
import { complain, jsonLine, print } from './output.js';

const help = `millrace read FILE [options]

Prints the events of a store in order, one a line. It only reads, also while an engine has the file open.

  --aggregate ID    only the events of this aggregate
  --from POSITION   only events from this position of the log on
  --until POSITION  only events up to this position
  --limit COUNT     at most so many events
  --backwards       the newest first
  --type TYPE       only this event type; may be given several times
  --json            one JSON object a line, with id and metadata
  --help            print this text
`;

interface ReadArguments {
  readonly file: string;
  readonly options: StoreReadOptions;
  readonly json: boolean;
}

async function run(args: readonly string[]): Promise<number> {
  const { file, options, json } = parse(args);
  const reader = openStoreReader(file);
  try {
    let chunk = '';
    let count = 0;
    for (const event of reader.read(options)) {
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
      from: { type: 'string' },
      until: { type: 'string' },
      limit: { type: 'string' },
      backwards: { type: 'boolean', default: false },
      type: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
    },
  });
  const file = onlyFile(positionals, 'read');
  if (values.aggregate === '') throw new UsageError('--aggregate is empty. Pass the id of an aggregate.');
  const whole = (name: 'from' | 'until' | 'limit') => {
    const value = values[name];
    return value === undefined ? undefined : wholeNumber(value, `--${name}`, 1, Number.MAX_SAFE_INTEGER);
  };
  const [from, until, limit] = [whole('from'), whole('until'), whole('limit')];
  const options: StoreReadOptions = {
    ...(values.aggregate !== undefined && { aggregateId: values.aggregate }),
    ...(from !== undefined && { fromPosition: from }),
    ...(until !== undefined && { toPosition: until }),
    ...(limit !== undefined && { limit }),
    ...(values.backwards && { direction: 'backwards' }),
    ...(values.type !== undefined && { types: values.type }),
  };
  return { file, options, json: values.json };
}

export default { help, run } satisfies Command;
