import type { Statement } from 'better-sqlite3';
import { rowCheck, stateCheck } from '../checksum.js';
import { damagedRow } from '../damaged-row.js';
import { MAX_STORED_STATE_BYTES, MAX_WORD_BYTES } from '../limits.js';
import { measured } from '../measured.js';
import type { Sqlite } from '../sqlite.js';
import {
  eachState,
  keyOfSlot,
  MAX_STORED_STATE_TYPES,
  type StateChange,
  type StateQuery,
  type StoredState,
  type StoredStateType,
  slotOf,
  typeOfSlot,
} from '../state.js';
import { LaterTables } from './later-tables.js';
import { STATE_SCHEMA } from './state-schema.js';

/** Rows as they lie in the file. Of damage, any column may be anything. */
export interface StateTypeRow {
  readonly id: number;
  readonly name: string | null;
  readonly version: number;
  readonly checksum: number;
}

export interface StateRow {
  readonly slot: number;
  readonly position: number;
  readonly value: Buffer | null;
  readonly checksum: number;
}

/** Whether a log has ever had a state. */
export function hasStates(database: Sqlite): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'states'").get() !== undefined;
}

export function readStateTypeRows(database: Sqlite): readonly StateTypeRow[] {
  if (!hasStates(database)) return [];
  return database
    .prepare(
      `SELECT id, ${measured('name', MAX_WORD_BYTES)} AS name, version, checksum FROM state_types
       ORDER BY id LIMIT ${MAX_STORED_STATE_TYPES}`,
    )
    .all() as StateTypeRow[];
}

export function isWholeStateType({ id, name, version, checksum }: StateTypeRow): boolean {
  return (
    id >= 1 && id <= MAX_STORED_STATE_TYPES && name !== null && checksum === rowCheck([id, name, version])
  );
}

export function isWholeState({ slot, position, value, checksum }: StateRow): boolean {
  return value instanceof Uint8Array && checksum === stateCheck(slot, position, value);
}

/** The states that a log knows. @throws StoreCorruptError: a wrong one would be another handler's. */
export function readStateTypes(database: Sqlite): StoredStateType[] {
  return readStateTypeRows(database).map((row) => {
    if (!isWholeStateType(row)) throw damagedRow(database, `what is stored of state type ${row.id}`);
    return { id: row.id, name: String(row.name), version: row.version };
  });
}

/** The rows from one slot to another, in order. */
export function statePage(database: Sqlite): Statement {
  return database.prepare(
    `SELECT slot, position, ${measured('value', MAX_STORED_STATE_BYTES)} AS value, checksum FROM states
     WHERE slot >= ? AND slot <= ? ORDER BY slot LIMIT ?`,
  );
}

/** Reads the states of a file, which may have none yet. */
export class StateReader {
  readonly #database: Sqlite;
  #page: Statement | undefined;

  constructor(database: Sqlite) {
    this.#database = database;
  }

  types(): readonly StoredStateType[] {
    return readStateTypes(this.#database);
  }

  /** @param types those that are wanted: of others damage is no matter. @throws StoreCorruptError */
  ofKeys(keys: readonly number[], types?: ReadonlySet<number>): readonly StoredState[] {
    return keys.flatMap((key) => {
      const rows = this.#rows({ from: key, to: key, limit: MAX_STORED_STATE_TYPES });
      return this.#whole(types ? rows.filter(({ slot }) => types.has(typeOfSlot(slot))) : rows);
    });
  }

  /** @throws StoreCorruptError: what a handler is given must be what it was. */
  page(query: StateQuery): readonly StoredState[] {
    return this.#whole(this.#rows(query));
  }

  #rows({ from, to, after = -1, limit }: StateQuery): readonly StateRow[] {
    if (!this.#page) {
      if (!hasStates(this.#database)) return [];
      this.#page = statePage(this.#database);
    }
    const last = to === undefined ? Number.MAX_SAFE_INTEGER : slotOf(to, MAX_STORED_STATE_TYPES);
    return this.#page.all(slotOf(from, after + 1), last, limit) as StateRow[];
  }

  #whole(rows: readonly StateRow[]): readonly StoredState[] {
    return rows.map((row) => {
      const { slot, position, value } = row;
      if (value && isWholeState(row)) {
        return { key: keyOfSlot(slot), type: typeOfSlot(slot), position, bytes: value };
      }
      throw damagedRow(this.#database, `the state ${typeOfSlot(slot)} of key ${keyOfSlot(slot)}`);
    });
  }
}

/** Changes the states of a file, inside the caller's transaction. */
export class StateTable {
  readonly #tables: LaterTables<ReturnType<typeof prepareAll>>;

  constructor(database: Sqlite) {
    this.#tables = new LaterTables(database, {
      isThere: hasStates,
      schema: STATE_SCHEMA,
      prepare: prepareAll,
    });
  }

  apply(change: StateChange): void {
    const { put, putType } = this.#tables.statements;
    for (const { id, name, version } of change.types) {
      putType.run(id, name, version, rowCheck([id, name, version]));
    }
    eachState(change, (slot, position, bytes) => {
      put.run(slot, position, bytes, stateCheck(slot, position, bytes));
    });
  }

  /** A transaction was rolled back, and perhaps the tables with it. */
  rolledBack(): void {
    this.#tables.rolledBack();
  }
}

function prepareAll(prepare: (sql: string) => Statement) {
  return {
    putType: prepare('INSERT INTO state_types VALUES (?, ?, ?, ?)'),
    put: prepare(
      `INSERT INTO states VALUES (?, ?, ?, ?) ON CONFLICT (slot)
       DO UPDATE SET position = excluded.position, value = excluded.value, checksum = excluded.checksum`,
    ),
  };
}
