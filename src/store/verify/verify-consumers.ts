import { ProcessingReader } from '../processing-reader.js';
import { Progress } from '../progress.js';
import { readLogNumbers } from '../segments/segment-table.js';
import type { Sqlite } from '../sqlite.js';
import {
  type ConsumerChunkRow,
  type ConsumerFailureRow,
  isWholeChunk,
  isWholeConsumer,
  isWholeFailure,
  readConsumerRows,
} from '../tables/consumer-table.js';
import type { Problems } from './verify-problems.js';
import { highestOf } from './verify-state.js';

/** Whether what the event bus has noted is what was written, and is about events of the log. */
export function verifyProcessing(database: Sqlite, problems: Problems): void {
  database.transaction(() => {
    const last = readLogNumbers(database).position;
    for (const { what, position } of new ProcessingReader(database).faults(last)) {
      problems.add('consumer', what, position);
    }
  })();
}

/** Whether what each consumer is done with, and what it failed on, is what was written and lies in the log. */
export function verifyConsumers(database: Sqlite, problems: Problems): void {
  // In one transaction with the log's end: an engine that has the file open may go on writing.
  const { last, rows } = database.transaction(() => ({
    last: readLogNumbers(database).position,
    rows: readConsumerRows(database),
  }))();
  const names = new Set(rows.consumers.map(({ name }) => name));
  for (const row of rows.consumers) {
    if (!isWholeConsumer(row)) {
      problems.add('consumer', `The position of consumer '${row.name}' is not what was written.`);
    } else if (row.mark > last) {
      problems.add(
        'consumer',
        `Consumer '${row.name}' is done up to ${row.mark}, but the log ends at ${last}.`,
      );
    }
  }
  for (const chunk of rows.chunks) {
    const fault = chunkFault(chunk, names, last);
    if (fault !== undefined)
      problems.add('consumer', `Chunk ${chunk.index} of consumer '${chunk.consumer}' ${fault}.`);
  }
  for (const failure of rows.failures) {
    const { mark } = rows.consumers.find(({ name }) => name === failure.consumer) ?? { mark: 0 };
    const chunks = rows.chunks.filter((chunk) => chunk.consumer === failure.consumer && isWholeChunk(chunk));
    const fault = failureFault(failure, names, last, () => new Progress(mark, chunks));
    if (fault === undefined) continue;
    const { consumer, position } = failure;
    problems.add(
      'consumer',
      `The failed event at position ${position} of consumer '${consumer}' ${fault}.`,
      position,
    );
  }
}

function chunkFault(chunk: ConsumerChunkRow, names: ReadonlySet<string>, last: number): string | undefined {
  if (!isWholeChunk(chunk)) return 'is not what was written';
  if (!names.has(chunk.consumer)) return 'belongs to no consumer';
  if (highestOf(chunk) > last) return `is done with an event above position ${last}, where the log ends`;
  return undefined;
}

function failureFault(
  failure: ConsumerFailureRow,
  names: ReadonlySet<string>,
  last: number,
  progress: () => Progress,
): string | undefined {
  if (!isWholeFailure(failure)) return 'is not what was written';
  if (!names.has(failure.consumer)) return 'belongs to no consumer';
  if (failure.position < 1 || failure.position > last) return 'has no event in the log';
  if (failure.state === 'parked' && progress().isFinished(failure.position))
    return 'is parked, but its event is done';
  return undefined;
}
