import type { Statement } from 'better-sqlite3';
import { MAX_PAYLOAD_BYTES } from '../../limits.js';
import { timerCheck } from '../checksum.js';
import { type CommandChange, type CommandQuery, factsIn, factsText, type StoredCommand } from '../command.js';
import { damagedRow } from '../damaged-row.js';
import { MAX_COMMAND_FACTS_BYTES, READ_PAGE_BYTES } from '../limits.js';
import { measured } from '../measured.js';
import type { Sqlite } from '../sqlite.js';
import { COMMAND_SCHEMA } from './command-schema.js';
import { LaterTables } from './later-tables.js';

/** A row as it lies in the file. Of damage, any column may be anything. */
export interface CommandRow {
  readonly number: number;
  readonly key: number;
  readonly position: number;
  readonly place: number;
  readonly time: number;
  readonly facts: string | null;
  readonly input: Buffer | null;
  /** Whether there is an input, be it too long to be read. */
  readonly hasInput: number;
  readonly checksum: number;
}

const COLUMNS = `number, key, position, place, time, ${measured('facts', MAX_COMMAND_FACTS_BYTES)} AS facts,
  ${measured('input', MAX_PAYLOAD_BYTES)} AS input, input IS NOT NULL AS hasInput, checksum`;

const NO_BYTES = new Uint8Array();

/** Whether a log has ever had a command of a handler. */
export function hasCommandTable(database: Sqlite): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'commands'").get() !== undefined;
}

/** The highest number of a command that is there; 0 when there is none. */
export function lastCommand(database: Sqlite): number {
  if (!hasCommandTable(database)) return 0;
  return (database.prepare('SELECT max(number) FROM commands').pluck().get() as number | null) ?? 0;
}

export function countCommands(database: Sqlite): number {
  return hasCommandTable(database)
    ? (database.prepare('SELECT count(*) FROM commands').pluck().get() as number)
    : 0;
}

/** Rows in the order of their numbers. */
export function commandRows(database: Sqlite): Statement {
  return database.prepare(`SELECT ${COLUMNS} FROM commands WHERE number > ? ORDER BY number LIMIT ?`);
}

/** The command of a row; undefined when it is not what was written. */
export function wholeCommand(row: CommandRow): StoredCommand | undefined {
  const { number, key, position, place, time, facts: text, input, hasInput, checksum } = row;
  if (typeof text !== 'string' || (input !== null && !(input instanceof Uint8Array))) return undefined;
  if ((hasInput === 1) !== (input !== null)) return undefined;
  const columns = [number, key, position, place, time, text, hasInput];
  if (checksum !== timerCheck(columns, input ?? NO_BYTES, NO_BYTES)) return undefined;
  const facts = factsIn(text);
  return facts && { number, key, position, index: place, time, ...facts, input: input?.toString('latin1') };
}

/** Reads the commands of a file, which may have none yet. */
export class CommandReader {
  readonly #database: Sqlite;
  #rows: Statement | undefined;

  constructor(database: Sqlite) {
    this.#database = database;
  }

  /** @throws StoreCorruptError: what is sent must be what a handler sent. */
  page({ after, limit }: CommandQuery): readonly StoredCommand[] {
    if (!this.#rows && !hasCommandTable(this.#database)) return [];
    this.#rows ??= commandRows(this.#database);
    const most = Math.min(limit, Number.MAX_SAFE_INTEGER);
    const commands: StoredCommand[] = [];
    let bytes = 0;
    for (const row of this.#rows.iterate(after, most) as IterableIterator<CommandRow>) {
      const command = wholeCommand(row);
      if (!command) throw damagedRow(this.#database, `command ${row.number} of a handler`);
      commands.push(command);
      bytes += row.input?.length ?? 0;
      // The next page goes on behind it.
      if (bytes > READ_PAGE_BYTES) break;
    }
    return commands;
  }
}

/** Changes the commands of a file, inside the caller's transaction. */
export class CommandTable {
  readonly #tables: LaterTables<ReturnType<typeof prepareWrites>>;

  constructor(database: Sqlite) {
    this.#tables = new LaterTables(database, {
      isThere: hasCommandTable,
      schema: COMMAND_SCHEMA,
      prepare: prepareWrites,
    });
  }

  apply({ put, remove }: CommandChange): void {
    const statements = this.#tables.statements;
    for (const number of remove) statements.remove.run(number);
    for (const command of put) {
      const { number, key, position, index, time } = command;
      const input = command.input === undefined ? undefined : Buffer.from(command.input, 'latin1');
      const columns = [number, key, position, index, time, factsText(command)];
      const check = timerCheck([...columns, input ? 1 : 0], input ?? NO_BYTES, NO_BYTES);
      statements.put.run(...columns, input ?? null, check);
    }
  }

  /** A transaction was rolled back, and perhaps the table with it. */
  rolledBack(): void {
    this.#tables.rolledBack();
  }
}

function prepareWrites(prepare: (sql: string) => Statement) {
  return {
    put: prepare('INSERT OR REPLACE INTO commands VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    remove: prepare('DELETE FROM commands WHERE number = ?'),
  };
}
