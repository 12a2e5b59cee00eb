import { StoreCorruptError } from '../kernel/errors.js';
import { PROGRESS_CHUNK, READ_PAGE } from '../limits.js';
import { rowCheck } from './checksum.js';
import { columnsOf, DEAD_LETTER_COLUMNS, type DeadLetterRow } from './dead-letter-table.js';
import { Progress, type ProgressChunk } from './progress.js';
import { isWhole } from './progress-table.js';
import { SegmentReader } from './segments/segment-reader.js';
import type { Sqlite } from './sqlite.js';
import type { Problems } from './verify-problems.js';
import type { StoreFacts } from './verify-structure.js';

/** Which positions are finished, as far as that can be told of the file's own checksums and its last position. */
export function verifyProgress({ progress, chunks, last }: StoreFacts, problems: Problems): void {
  if (!progress || !isWhole(progress)) {
    problems.add('progress', 'The mark of finished events is not what was written.');
  } else if (progress.mark > last || progress.indexed > last) {
    const { mark, indexed } = progress;
    problems.add(
      'progress',
      `Finished up to ${mark}, indexed up to ${indexed}, but the log ends at ${last}.`,
    );
  }
  for (const chunk of chunks) {
    if (!isWhole(chunk)) {
      problems.add('progress', `The finished events of chunk ${chunk.index} are not what was written.`);
    } else if (highestOf(chunk) > last) {
      problems.add(
        'progress',
        `The event at position ${highestOf(chunk)} is finished, but the log ends at ${last}.`,
      );
    }
  }
}

/** Whether each dead letter is about an event of the log, and a parked one about an unfinished event. */
export function verifyDeadLetters(database: Sqlite, facts: StoreFacts, problems: Problems): void {
  const { progress, chunks } = facts;
  // What is finished stays finished, so an older state of the progress is good enough for newer letters.
  const isUsable = progress && isWhole(progress) && chunks.every(isWhole);
  const finished = isUsable ? new Progress(progress.mark, chunks) : new Progress(0, []);
  const page = database.prepare(
    `SELECT ${DEAD_LETTER_COLUMNS} FROM dead_letters
     WHERE dead_letters.position > ? ORDER BY dead_letters.position LIMIT ?`,
  );
  const events = new SegmentReader(database);
  let after = Number.MIN_SAFE_INTEGER;
  while (true) {
    // In one transaction with their events: an engine that has the file open may go on writing.
    const letters = database.transaction(() => {
      const found = page.all(after, READ_PAGE) as DeadLetterRow[];
      return found.map((letter) => [letter, keyOf(events, letter.position)] as const);
    })();
    for (const [letter, key] of letters) {
      const fault = faultOf(letter, key, finished);
      if (fault === undefined) continue;
      const { position } = letter;
      problems.add('dead-letter', `The dead letter at position ${position} ${fault}.`, position);
    }
    const last = letters.at(-1)?.[0].position ?? after;
    // Nothing more; or pages that contradict each other and lead back.
    if (last <= after) return;
    after = last;
  }
}

/** The partition key of an event; undefined when it is not there. */
function keyOf(events: SegmentReader, position: number): number | undefined {
  if (!Number.isSafeInteger(position) || position < 1) return undefined;
  try {
    const event = events.event(position);
    return event && (event.partitionKey ?? event.aggregate);
  } catch (error) {
    // That its segment cannot be read was reported.
    if (error instanceof StoreCorruptError) return undefined;
    throw error;
  }
}

function faultOf(
  letter: DeadLetterRow,
  eventKey: number | undefined,
  progress: Progress,
): string | undefined {
  const { position, key, state, checksum } = letter;
  if (checksum !== rowCheck(columnsOf(letter))) return 'is not what was written';
  if (eventKey === undefined) return 'has no event in the log';
  if (key !== eventKey) return 'has another key than its event';
  if (state === 'parked' && progress.isFinished(position)) return 'is parked, but its event is finished';
  return undefined;
}

/** The highest position that a chunk has as finished. */
export function highestOf({ index, bits }: ProgressChunk): number {
  for (let bit = PROGRESS_CHUNK - 1; bit >= 0; bit--) {
    if (((bits[bit >>> 3] as number) >>> (bit & 7)) & 1) return index * PROGRESS_CHUNK + bit + 1;
  }
  return 0;
}
