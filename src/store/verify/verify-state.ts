import { StoreCorruptError } from '../../kernel/errors.js';
import { PROGRESS_CHUNK, READ_PAGE } from '../../limits.js';
import { rowCheck } from '../checksum.js';
import { finishedFor } from '../late-consumers.js';
import { Progress, type ProgressChunk } from '../progress.js';
import { SegmentColumns } from '../segments/body.js';
import { rowFinder } from '../segments/segment-table.js';
import { openSegment, plausibleSegment } from '../segments/stored-segment.js';
import type { Sqlite } from '../sqlite.js';
import {
  columnsOf,
  DEAD_LETTER_COLUMNS,
  type DeadLetterRow,
  parseOwners,
} from '../tables/dead-letter-table.js';
import { isWhole } from '../tables/progress-table.js';
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
  const lanes = isUsable ? new Progress(progress.mark, chunks) : new Progress(0, []);
  const page = database.prepare(
    `SELECT ${DEAD_LETTER_COLUMNS} FROM dead_letters
     WHERE dead_letters.position > ? ORDER BY dead_letters.position LIMIT ?`,
  );
  const keyOf = keyFinder(database);
  let after = Number.MIN_SAFE_INTEGER;
  while (true) {
    // In one transaction with their events and what is left to late handlers: an engine that has the file open may go
    // on writing.
    const { letters, isFinished } = database.transaction(() => {
      const found = page.all(after, READ_PAGE) as DeadLetterRow[];
      const letters = found.map((letter) => [letter, keyOf(letter.position)] as const);
      return { letters, isFinished: finishedFor(database, lanes) };
    })();
    for (const [letter, key] of letters) {
      const fault = faultOf(letter, key, isFinished);
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

/**
 * Finds the partition keys of events, whether or not their segments are what was written: that was reported.
 *
 * Positions in the order of the log read each segment once.
 *
 * @returns for a position the number of the key, undefined when there is no event, 0 when it cannot be read.
 */
export function keyFinder(database: Sqlite): (position: number) => number | undefined {
  return rowPicker(database, ({ key, aggregate }, index) => key[index] || aggregate[index], 0);
}

/** An event's aggregate, by the number of its name, and its version in that. */
export interface EventPlace {
  readonly aggregate: number;
  readonly version: number;
}

/** As `keyFinder`, for the places of events in their aggregates; aggregate 0 when the event cannot be read. */
export function placeFinder(database: Sqlite): (position: number) => EventPlace | undefined {
  const place = ({ aggregate, version }: SegmentColumns, index: number): EventPlace => ({
    aggregate: aggregate[index] as number,
    version: version[index] as number,
  });
  return rowPicker(database, place, { aggregate: 0, version: 0 });
}

/** Picks something out of the row of an event. */
function rowPicker<Picked>(
  database: Sqlite,
  pick: (columns: SegmentColumns, index: number) => Picked | undefined,
  unreadable: Picked,
): (position: number) => Picked | undefined {
  const rowAt = rowFinder(database);
  const columns = new SegmentColumns();
  let known: { readonly first: number; readonly count: number } | undefined;
  return (position) => {
    if (known && position >= known.first && position < known.first + known.count) {
      return pick(columns, position - known.first);
    }
    known = undefined;
    const row = rowAt(position);
    const segment = row && plausibleSegment(row);
    if (!segment || position >= segment.first + segment.count) return undefined;
    try {
      columns.read(openSegment(segment).body, segment.count);
    } catch (error) {
      if (error instanceof StoreCorruptError) return unreadable;
      throw error;
    }
    known = segment;
    return pick(columns, position - segment.first);
  };
}

function faultOf(
  letter: DeadLetterRow,
  eventKey: number | undefined,
  isFinished: (owner: string, position: number) => boolean | undefined,
): string | undefined {
  const { position, key, state, checksum } = letter;
  const owners = parseOwners(letter.owners);
  if (checksum !== rowCheck(columnsOf(letter)) || !owners) return 'is not what was written';
  if (eventKey === undefined) return 'has no event in the log';
  if (eventKey !== 0 && key !== eventKey) return 'has another key than its event';
  if (state === 'parked' && owners.every((owner) => isFinished(owner, position) === true))
    return 'is parked, but its event is finished';
  return undefined;
}

/** The highest position that a chunk has as finished. */
export function highestOf({ index, bits }: ProgressChunk): number {
  for (let bit = PROGRESS_CHUNK - 1; bit >= 0; bit--) {
    if (((bits[bit >>> 3] as number) >>> (bit & 7)) & 1) return index * PROGRESS_CHUNK + bit + 1;
  }
  return 0;
}
