import { STATE_PAGE } from '../limits.js';
import { Progress } from '../progress.js';
import type { Sqlite } from '../sqlite.js';
import { keyOfSlot, typeOfSlot } from '../state.js';
import { isWhole, readChunkRows, readProgressRow } from '../tables/progress-table.js';
import {
  hasStates,
  isWholeState,
  isWholeStateType,
  readStateTypeRows,
  type StateRow,
  type StateTypeRow,
  statePage,
} from '../tables/state-table.js';
import type { Problems } from './verify-problems.js';
import type { StoreFacts } from './verify-structure.js';

/** Finds the key of the event at a position: undefined when there is none, 0 when it cannot be read. */
export type FindKey = (position: number) => number | undefined;

/** Whether each state is what was written, and was made by a finished event of its key. */
export function verifyStates(database: Sqlite, facts: StoreFacts, keyOf: FindKey, problems: Problems): void {
  if (!hasStates(database)) return;
  const rows = readStateTypeRows(database);
  for (const row of rows) {
    if (!isWholeStateType(row)) problems.add('state', `State type ${row.id} is not what was written.`);
  }
  let types = idsOf(rows);
  const isFinished = finishedIn(database, facts);
  const makers = new Makers();
  const add = (slot: number, position: number, fault: string) =>
    problems.add('state', `State ${typeOfSlot(slot)} of key ${keyOfSlot(slot)} ${fault}.`, position);
  const page = statePage(database);
  for (let from = 0; ; ) {
    // In one transaction with the progress and the types: an engine that has the file open may go on writing.
    const found = database.transaction(() => {
      const states = page.all(from, Number.MAX_SAFE_INTEGER, STATE_PAGE) as StateRow[];
      const isKnown = states.every(({ slot }) => types.has(typeOfSlot(slot)));
      if (!isKnown) types = idsOf(readStateTypeRows(database));
      return states.map((row) => [row, faultOf(row, types, isFinished)] as const);
    })();
    for (const [{ slot, position }, fault] of found) {
      if (fault === undefined) makers.add(slot, position);
      else add(slot, position, fault);
    }
    const last = found.at(-1)?.[0].slot;
    // Nothing more when it was read, or pages of a damaged file that lead back. What an engine adds is not waited for.
    if (last === undefined || last < from || found.length < STATE_PAGE) break;
    from = last + 1;
  }
  for (const { slot, position } of makers.inOrder()) {
    const key = keyOf(position);
    if (key === undefined)
      add(slot, position, `was made at position ${position}, where the log has no event`);
    else if (key !== 0 && key !== keyOfSlot(slot)) add(slot, position, 'was made by an event of another key');
  }
}

function idsOf(rows: readonly StateTypeRow[]): ReadonlySet<number> {
  return new Set(rows.map(({ id }) => id));
}

/** Which events made the states; in the order of the log, so that each of its segments is read once. */
class Makers {
  #slots = new Float64Array(1024);
  #positions = new Float64Array(1024);
  #count = 0;

  add(slot: number, position: number): void {
    if (this.#count === this.#slots.length) {
      this.#slots = grown(this.#slots);
      this.#positions = grown(this.#positions);
    }
    this.#slots[this.#count] = slot;
    this.#positions[this.#count++] = position;
  }

  *inOrder(): Generator<{ readonly slot: number; readonly position: number }> {
    const positions = this.#positions;
    const order = new Uint32Array(this.#count).map((_, index) => index);
    order.sort((a, b) => (positions[a] as number) - (positions[b] as number));
    for (const index of order) {
      yield { slot: this.#slots[index] as number, position: positions[index] as number };
    }
  }
}

function grown(numbers: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}

/**
 * Whether an event is finished. What is finished stays so: an older state of the progress is good enough, and is read
 * again only when it is not.
 */
export function finishedIn(
  database: Sqlite,
  { progress, chunks }: StoreFacts,
): (position: number) => boolean {
  const isUsable = progress && isWhole(progress) && chunks.every(isWhole);
  if (!isUsable) return () => true;
  let known = new Progress(progress.mark, chunks);
  return (position) => {
    if (known.isFinished(position)) return true;
    const row = readProgressRow(database);
    if (row) known = new Progress(row.mark, readChunkRows(database));
    return known.isFinished(position);
  };
}

function faultOf(
  row: StateRow,
  types: ReadonlySet<number>,
  isFinished: (position: number) => boolean,
): string | undefined {
  if (!isWholeState(row)) return 'is not what was written';
  if (!types.has(typeOfSlot(row.slot))) return 'is of no type that the log has';
  if (!isFinished(row.position)) return 'is ahead of the progress: the event that made it is not finished';
  return undefined;
}
