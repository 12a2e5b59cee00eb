import type { Statement } from 'better-sqlite3';
import { StoreCorruptError } from '../../kernel/errors.js';
import { PROGRESS_CHUNK } from '../../limits.js';
import { chunkCheck, progressCheck } from '../checksum.js';
import { measured } from '../measured.js';
import type { ProgressChange, ProgressChunk } from '../progress.js';
import type { Sqlite } from '../sqlite.js';

const CHUNK_BYTES = PROGRESS_CHUNK / 8;

/** The tables: which positions are finished. The log has them for its lanes, the event bus for its subscribers. */
export const PROGRESS_SCHEMA = `CREATE TABLE progress (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  mark INTEGER NOT NULL,
  indexed INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
INSERT INTO progress VALUES (1, 0, 0, ${progressCheck(0, 0)});

CREATE TABLE progress_chunks (
  chunk INTEGER PRIMARY KEY,
  bits BLOB NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
`;

/** The one row of `progress`, and a row of `progress_chunks`, as they lie in the file. */
export interface ProgressRow {
  readonly mark: number;
  readonly indexed: number;
  readonly checksum: number;
}

export interface ChunkRow extends ProgressChunk {
  readonly checksum: number;
}

/** Whether a row is what was written. Damage may have changed the types of its columns too. */
export function isWhole(row: ProgressRow | ChunkRow): boolean {
  if ('bits' in row) {
    const { index, bits, checksum } = row;
    return bits instanceof Uint8Array && bits.length === CHUNK_BYTES && checksum === chunkCheck(index, bits);
  }
  const { mark, indexed, checksum } = row;
  return [mark, indexed].every(Number.isSafeInteger) && checksum === progressCheck(mark, indexed);
}

export function readProgressRow(database: Sqlite): ProgressRow | undefined {
  return database.prepare('SELECT mark, indexed, checksum FROM progress').get() as ProgressRow | undefined;
}

export function readChunkRows(database: Sqlite): ChunkRow[] {
  return database
    .prepare(
      `SELECT chunk AS "index", ${measured('bits', CHUNK_BYTES)} AS bits, checksum FROM progress_chunks ORDER BY chunk`,
    )
    .all() as ChunkRow[];
}

/** What a file says of its progress. @throws StoreCorruptError: a wrong mark would make events be handled twice, or never. */
export function readProgress(database: Sqlite): {
  readonly row: ProgressRow;
  readonly chunks: readonly ChunkRow[];
} {
  const row = readProgressRow(database);
  const chunks = readChunkRows(database);
  if (row && [row, ...chunks].every(isWhole)) return { row, chunks };
  throw new StoreCorruptError(
    `Store ${database.name} is damaged: its progress is not what was written. Run 'millrace verify' on it, and restore it from a backup.`,
  );
}

/** Which positions are finished and how far the log is indexed, in the file. Used inside the caller's transaction. */
export class ProgressTable {
  readonly #database: Sqlite;
  readonly #update: Statement;
  readonly #putChunk: Statement;
  readonly #dropChunks: Statement;
  readonly chunks: readonly ProgressChunk[];
  #mark: number;
  #indexed: number;
  #committed: { readonly mark: number; readonly indexed: number };
  #chunksStored: boolean;

  /** @throws StoreCorruptError */
  constructor(database: Sqlite) {
    this.#database = database;
    const { row, chunks } = readProgress(database);
    this.#mark = row.mark;
    this.#indexed = row.indexed;
    this.#committed = row;
    this.chunks = chunks.map(({ index, bits }) => ({ index, bits }));
    this.#chunksStored = chunks.length > 0;
    this.#update = database.prepare('UPDATE progress SET mark = ?, indexed = ?, checksum = ?');
    this.#putChunk = database.prepare('INSERT OR REPLACE INTO progress_chunks VALUES (?, ?, ?)');
    this.#dropChunks = database.prepare('DELETE FROM progress_chunks WHERE chunk < ?');
  }

  get mark(): number {
    return this.#mark;
  }

  /** Every event up to here is in the index. */
  get indexed(): number {
    return this.#indexed;
  }

  save({ mark, chunks }: ProgressChange): void {
    this.#mark = mark;
    this.#write();
    for (const { index, bits } of chunks) this.#putChunk.run(index, bits, chunkCheck(index, bits));
    if (chunks.length > 0) this.#chunksStored = true;
    if (!this.#chunksStored) return;
    const removed = this.#dropChunks.run(Math.floor(mark / PROGRESS_CHUNK)).changes;
    if (removed > 0) {
      this.#chunksStored = this.#database.prepare('SELECT 1 FROM progress_chunks').get() !== undefined;
    }
  }

  saveIndexed(indexed: number): void {
    this.#indexed = indexed;
    this.#write();
  }

  /** The transaction is committed. */
  committed(): void {
    this.#committed = { mark: this.#mark, indexed: this.#indexed };
  }

  /** The transaction was rolled back. */
  rolledBack(): void {
    this.#mark = this.#committed.mark;
    this.#indexed = this.#committed.indexed;
    // There may be some again; asking costs nothing but a statement.
    this.#chunksStored = true;
  }

  #write(): void {
    this.#update.run(this.#mark, this.#indexed, progressCheck(this.#mark, this.#indexed));
  }
}
