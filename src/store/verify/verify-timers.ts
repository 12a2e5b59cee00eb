import { TIMER_PAGE } from '../limits.js';
import type { Sqlite } from '../sqlite.js';
import { hasTimerTable, isWholeTimer, type TimerRow, timerRows } from '../tables/timer-table.js';
import { readTypes } from '../types.js';
import type { Problems } from './verify-problems.js';
import { type FindKey, finishedIn } from './verify-states.js';
import type { StoreFacts } from './verify-structure.js';

/** Whether each timer is what was written, of a type that the log has, and was scheduled by a finished event of its key. */
export function verifyTimers(database: Sqlite, facts: StoreFacts, keyOf: FindKey, problems: Problems): void {
  if (!hasTimerTable(database)) return;
  const isFinished = finishedIn(database, facts);
  const rows = timerRows(database);
  let types = idsOf(database);
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    // In one transaction with the progress and the types: an engine that has the file open may go on writing.
    const page = database.transaction(() => {
      const found = rows.all(after, TIMER_PAGE) as (TimerRow & { readonly row: number })[];
      if (!found.every(({ type }) => types.has(type))) types = idsOf(database);
      return found.map((timer) => [timer, faultOf(timer, types, isFinished, keyOf)] as const);
    })();
    for (const [{ name, key, position }, fault] of page) {
      if (fault !== undefined)
        problems.add('timer', `Timer '${name ?? ''}' of key ${key} ${fault}.`, position);
    }
    const last = page.at(-1)?.[0].row;
    // Nothing more; or pages of a damaged file that lead back.
    if (last === undefined || last <= after) return;
    after = last;
  }
}

function idsOf(database: Sqlite): ReadonlySet<number> {
  return new Set(readTypes(database).map(({ id }) => id));
}

function faultOf(
  timer: TimerRow,
  types: ReadonlySet<number>,
  isFinished: (position: number) => boolean,
  keyOf: FindKey,
): string | undefined {
  const { type, position, key } = timer;
  if (!isWholeTimer(timer)) return 'is not what was written';
  if (!types.has(type)) return 'is of no type that the log has';
  if (!isFinished(position)) return 'is ahead of the progress: the event that scheduled it is not finished';
  const scheduler = keyOf(position);
  if (scheduler === undefined) return `was scheduled at position ${position}, where the log has no event`;
  if (scheduler !== 0 && scheduler !== key) return 'was scheduled by an event of another key';
  return undefined;
}
