import { COMMAND_PAGE } from '../limits.js';
import type { Sqlite } from '../sqlite.js';
import { type CommandRow, commandRows, hasCommandTable, wholeCommand } from '../tables/command-table.js';
import type { Problems } from './verify-problems.js';
import { type FindKey, finishedIn } from './verify-states.js';
import type { StoreFacts } from './verify-structure.js';

/** Whether each handler's command is what was written, and was sent by a finished event of its key. */
export function verifyCommands(
  database: Sqlite,
  facts: StoreFacts,
  keyOf: FindKey,
  problems: Problems,
): void {
  if (!hasCommandTable(database)) return;
  const isFinished = finishedIn(database, facts);
  const rows = commandRows(database);
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    // In one transaction with the progress: an engine that has the file open may go on writing.
    const page = database.transaction(() => {
      const found = rows.all(after, COMMAND_PAGE) as CommandRow[];
      return found.map((row) => [row, faultOf(row, isFinished, keyOf)] as const);
    })();
    for (const [{ number, position }, fault] of page) {
      if (fault !== undefined) problems.add('command', `Command ${number} of a handler ${fault}.`, position);
    }
    const last = page.at(-1)?.[0].number;
    // Nothing more; or pages of a damaged file that lead back.
    if (last === undefined || last <= after) return;
    after = last;
  }
}

function faultOf(
  row: CommandRow,
  isFinished: (position: number) => boolean,
  keyOf: FindKey,
): string | undefined {
  const { position, key } = row;
  if (!wholeCommand(row)) return 'is not what was written';
  if (!isFinished(position)) return 'is ahead of the progress: the event that led to it is not finished';
  const cause = keyOf(position);
  if (cause === undefined) return `was sent at position ${position}, where the log has no event`;
  if (cause !== 0 && cause !== key) return 'was sent by an event of another key';
  return undefined;
}
