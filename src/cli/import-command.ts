import { statSync } from 'node:fs';
import { importStore } from '../faces/store.js';
import { allOrNothing } from './all-or-nothing.js';
import { type Command, onlyFile, parseCommand, UsageError } from './command.js';
import { jsonLine, print } from './output.js';
import { grouped } from './table.js';

const help = `millrace import FILE --into STORE [options]

Makes a new store of what 'millrace export' wrote as .jsonl, .jsonl.gz or .db: the same events in the same order, with
their ids, versions, times, metadata and payloads. Positions count from 1 without gaps. FILE must hold whole
aggregates, each from its first event on: all of a log, those of --aggregate, or those up to --until.

A file that is damaged is refused with its line, and nothing is left behind. STORE must not exist.

  --unhandled   the next engine that opens the store handles the events; without it they count as handled
  --json        print one JSON object
  --help        print this text
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      into: { type: 'string' },
      unhandled: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const file = onlyFile(positionals, 'import');
  const { into, unhandled } = values;
  if (!into) throw new UsageError(`'import' needs a store to make: millrace import ${file} --into new.db`);
  const counter = new Counter();
  return allOrNothing(
    counter,
    (signal) =>
      importStore(file, into, {
        handled: !unhandled,
        signal,
        onProgress: (events) => counter.show(events),
      }),
    async (summary) => {
      const { path, events, aggregates } = summary;
      await print(
        values.json
          ? `${jsonLine({ ...summary, bytes: statSync(path).size })}\n`
          : `${grouped(events)} ${events === 1 ? 'event' : 'events'} of ${grouped(aggregates)} ${aggregates === 1 ? 'aggregate' : 'aggregates'} in ${path}\n`,
      );
    },
  );
}

/** How many events there are so far, at a terminal: how many there will be nobody knows. */
class Counter {
  #shown = false;

  show(events: number): void {
    if (!process.stderr.isTTY) return;
    this.#shown = true;
    process.stderr.write(`\r\x1b[2K${grouped(events)} events`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[2K');
    this.#shown = false;
  }
}

export default { help, run } satisfies Command;
