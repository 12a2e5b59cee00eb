import type { Statement } from 'better-sqlite3';
import { snapshotCheck } from '../checksum.js';
import { damagedRow } from '../damaged-row.js';
import { MAX_SNAPSHOT_NOTES_BYTES, MAX_STORED_STATE_BYTES, MAX_WORD_BYTES } from '../limits.js';
import { measured } from '../measured.js';
import type { SnapshotChange, SnapshotCount, StoredSnapshot } from '../snapshot.js';
import type { Sqlite } from '../sqlite.js';
import { LaterTables } from './later-tables.js';
import { SNAPSHOT_SCHEMA } from './snapshot-schema.js';

/** A row as it lies in the file. Of damage, any column may be anything. */
export interface SnapshotRow {
  readonly aggregate: number;
  readonly kind: string | null;
  readonly kindVersion: number;
  readonly version: number;
  readonly position: number;
  readonly state: Buffer | null;
  readonly notes: Buffer | null;
  readonly checksum: number;
}

const COLUMNS = `aggregate, ${measured('kind', MAX_WORD_BYTES)} AS kind, kind_version AS kindVersion, version, position,
  ${measured('state', MAX_STORED_STATE_BYTES)} AS state, ${measured('notes', MAX_SNAPSHOT_NOTES_BYTES)} AS notes, checksum`;

/** Whether a log has ever had a snapshot. */
export function hasSnapshotTable(database: Sqlite): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'snapshots'").get() !== undefined;
}

/** The rows behind an aggregate, in order. */
export function snapshotPage(database: Sqlite): Statement {
  return database.prepare(`SELECT ${COLUMNS} FROM snapshots WHERE aggregate > ? ORDER BY aggregate LIMIT ?`);
}

/** The row as what it says, if it is what was written. */
export function wholeSnapshot(row: SnapshotRow): StoredSnapshot | undefined {
  const { kind, state, notes, checksum } = row;
  if (kind === null || !(state instanceof Uint8Array) || !(notes instanceof Uint8Array)) return undefined;
  const snapshot = { ...row, kind, state, notes };
  return checksum === snapshotCheck(snapshot) ? snapshot : undefined;
}

/** How many there are of each definition, by name and version. */
export function snapshotCounts(database: Sqlite): readonly SnapshotCount[] {
  if (!hasSnapshotTable(database)) return [];
  const rows = database
    .prepare(
      `SELECT ${measured('kind', MAX_WORD_BYTES)} AS name, kind_version AS version, count(*) AS aggregates,
         sum(octet_length(state) + octet_length(notes)) AS bytes
       FROM snapshots GROUP BY 1, 2 ORDER BY 1, 2`,
    )
    .all() as (Omit<SnapshotCount, 'name'> & { readonly name: string | null })[];
  return rows.map((row) => ({ ...row, name: row.name ?? '' }));
}

/** Reads the snapshots of a file, which may have none yet. */
export class SnapshotReader {
  readonly #database: Sqlite;
  #one: Statement | undefined;

  constructor(database: Sqlite) {
    this.#database = database;
  }

  /** The snapshot of an aggregate. @throws StoreCorruptError when it is not what was written. */
  find(aggregate: number): StoredSnapshot | undefined {
    if (!this.#one) {
      if (!hasSnapshotTable(this.#database)) return undefined;
      this.#one = this.#database.prepare(`SELECT ${COLUMNS} FROM snapshots WHERE aggregate = ?`);
    }
    const row = this.#one.get(aggregate) as SnapshotRow | undefined;
    const snapshot = row && wholeSnapshot(row);
    if (row && !snapshot) throw damagedRow(this.#database, `the snapshot of aggregate ${aggregate}`);
    return snapshot;
  }
}

/** Changes the snapshots of a file, inside the caller's transaction. */
export class SnapshotTable {
  readonly #tables: LaterTables<ReturnType<typeof prepareWrites>>;

  constructor(database: Sqlite) {
    this.#tables = new LaterTables(database, {
      isThere: hasSnapshotTable,
      schema: SNAPSHOT_SCHEMA,
      prepare: prepareWrites,
    });
  }

  apply(change: SnapshotChange): void {
    const { put } = this.#tables.statements;
    for (const snapshot of change) {
      const { aggregate, kind, kindVersion, version, position, state, notes } = snapshot;
      put.run(aggregate, kind, kindVersion, version, position, state, notes, snapshotCheck(snapshot));
    }
  }

  /** A transaction was rolled back, and perhaps the table with it. */
  rolledBack(): void {
    this.#tables.rolledBack();
  }
}

function prepareWrites(prepare: (sql: string) => Statement) {
  return { put: prepare('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?)') };
}
