import type { Statement } from 'better-sqlite3';
import { StoreCorruptError } from '../../kernel/errors.js';
import type { Sqlite } from '../sqlite.js';
import type { Packed } from './packer.js';
import { segmentPutter } from './segment-table.js';
import type { StoredSegment } from './stored-segment.js';

/** Puts packed segments into the place of those that they are made of, inside the caller's transaction. */
export class PackTable {
  readonly #database: Sqlite;
  readonly #remove: Statement;
  readonly #put: (segment: StoredSegment) => void;
  readonly #note: Statement;
  /** Everything up to here is packed, or is not worth it. */
  done: number;
  #noted: number;

  constructor(database: Sqlite) {
    this.#database = database;
    this.#remove = database.prepare('DELETE FROM segments WHERE first >= ? AND first < ?');
    this.#put = segmentPutter(database);
    this.#note = database.prepare("INSERT OR REPLACE INTO meta VALUES ('packed', ?)");
    const noted = database.prepare("SELECT value FROM meta WHERE key = 'packed'").pluck().get();
    // Only where to begin: of damage, from the beginning, and what is packed is looked at once more.
    this.done = typeof noted === 'number' && Number.isSafeInteger(noted) && noted > 0 ? noted : 0;
    this.#noted = this.done;
  }

  /** Notes how far all is packed, when the file says less. */
  note(): void {
    if (this.done !== this.#noted) this.#note.run(this.done);
  }

  /**
   * @param done the position up to which nothing is left to pack.
   * @throws StoreCorruptError when the segments are not those that were packed.
   */
  apply(packed: readonly Packed[], done: number): void {
    this.#note.run(done);
    for (const one of packed) this.#replace(one);
    this.#noted = done;
  }

  #replace({ segment, replaces }: Packed): void {
    const { first, count } = segment;
    const { changes } = this.#remove.run(first, first + count);
    if (changes !== replaces) {
      throw new StoreCorruptError(
        `Store ${this.#database.name}: ${changes} segments lie where ${replaces} were packed. Another program has changed the file.`,
      );
    }
    this.#put(segment);
  }
}
