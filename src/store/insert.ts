import type { Statement } from 'better-sqlite3';
import { dataEndOf, metadataEndOf } from '../events/row.js';
import { ROW_NEW_AGGREGATE, ROW_NEW_KEY, type Slab } from '../events/slab.js';
import { INSERT_ROWS } from '../limits.js';
import type { Sqlite } from './sqlite.js';

const PLAIN = ['position', 'type', 'aggregate', 'version', 'occurred_at', 'data'];
const FULL = [...PLAIN, 'partition_key', 'causation', 'metadata'];

/** An INSERT of many rows, filled row by row and run when full. */
class RowBuffer {
  readonly #columns: number;
  readonly #many: Statement;
  readonly #one: Statement;
  readonly #values: unknown[];
  #used = 0;

  constructor(database: Sqlite, columns: readonly string[]) {
    const insert = `INSERT INTO events (${columns.join(', ')}) VALUES `;
    const row = `(${columns.map(() => '?').join(', ')})`;
    this.#columns = columns.length;
    this.#one = database.prepare(insert + row);
    this.#many = database.prepare(insert + Array(INSERT_ROWS).fill(row).join(', '));
    this.#values = new Array(INSERT_ROWS * columns.length).fill(null);
  }

  /** Where the next row's values go in `values`; `commitRow` must follow. */
  get offset(): number {
    return this.#used * this.#columns;
  }

  get values(): unknown[] {
    return this.#values;
  }

  commitRow(): void {
    this.#used++;
    if (this.#used < INSERT_ROWS) return;
    this.#used = 0;
    this.#many.run(this.#values);
  }

  flush(): void {
    for (let row = 0; row < this.#used; row++) {
      this.#one.run(this.#values.slice(row * this.#columns, (row + 1) * this.#columns));
    }
    this.#used = 0;
  }

  clear(): void {
    this.#used = 0;
  }
}

/**
 * Inserts slab rows. Most events have no partition key of their own, no cause and no metadata: leaving those
 * three columns out saves a third of the insert (1.03 µs a row against 1.61), so there are two statements.
 */
export class EventInserter {
  readonly #plain: RowBuffer;
  readonly #full: RowBuffer;
  readonly #name: Statement;

  constructor(database: Sqlite) {
    this.#plain = new RowBuffer(database, PLAIN);
    this.#full = new RowBuffer(database, FULL);
    this.#name = database.prepare('INSERT INTO names (id, name) VALUES (?, ?)');
  }

  /** Adds rows `from` to `to - 1`. They are all in the table after the next `flush`. */
  add(slab: Slab, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      if (slab.flags[row] !== 0) this.#addNames(slab, row);
      const plain =
        slab.metadataLength[row] === 0 && slab.causation[row] === 0 && slab.key[row] === slab.aggregate[row];
      if (plain) this.#addPlain(slab, row);
      else this.#addFull(slab, row);
    }
  }

  flush(): void {
    this.#plain.flush();
    this.#full.flush();
  }

  /** Forgets the rows that were added and not flushed: their transaction was rolled back. */
  clear(): void {
    this.#plain.clear();
    this.#full.clear();
  }

  #addPlain(slab: Slab, row: number): void {
    fillPlain(this.#plain.values, this.#plain.offset, slab, row);
    this.#plain.commitRow();
  }

  #addFull(slab: Slab, row: number): void {
    const { values, offset } = this.#full;
    fillPlain(values, offset, slab, row);
    const hasMetadata = slab.metadataLength[row] !== 0;
    values[offset + 6] = slab.key[row] === slab.aggregate[row] ? null : slab.key[row];
    values[offset + 7] = slab.causation[row] === 0 ? null : slab.causation[row];
    values[offset + 8] = hasMetadata
      ? slab.bytes.subarray(dataEndOf(slab, row), metadataEndOf(slab, row))
      : null;
    this.#full.commitRow();
  }

  #addNames(slab: Slab, row: number): void {
    const flags = slab.flags[row] as number;
    if (flags & ROW_NEW_AGGREGATE) {
      this.#addName(slab, slab.aggregate[row], slab.nameOffset[row], slab.nameLength[row]);
    }
    if (flags & ROW_NEW_KEY) this.#addName(slab, slab.key[row], slab.keyOffset[row], slab.keyLength[row]);
  }

  #addName(slab: Slab, id: number | undefined, offset = 0, length = 0): void {
    this.#name.run(id, slab.bytes.toString('utf8', offset, offset + length));
  }
}

function fillPlain(values: unknown[], offset: number, slab: Slab, row: number): void {
  values[offset] = slab.position[row];
  values[offset + 1] = slab.type[row];
  values[offset + 2] = slab.aggregate[row];
  values[offset + 3] = slab.version[row];
  values[offset + 4] = slab.occurredAt[row];
  values[offset + 5] = slab.bytes.subarray(slab.dataOffset[row], dataEndOf(slab, row));
}
