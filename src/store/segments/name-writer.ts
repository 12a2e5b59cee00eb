import type { Statement } from 'better-sqlite3';
import { ROW_NEW_AGGREGATE, ROW_NEW_KEY, type Slab } from '../../events/slab.js';
import { viewOf } from '../checksum.js';
import type { Sqlite } from '../sqlite.js';
import { BLOCK_BYTES, BLOCK_NAMES } from './limits.js';
import { blockChecksum, nameHash } from './name-blocks.js';

/** Called with each name that is stored, and its hash. */
type OnName = (id: number, hash: number) => void;

/** Stores names in blocks: those of one transaction whose ids follow each other. */
export class NameWriter {
  readonly #insert: Statement;
  readonly #onName: OnName;
  #bytes = Buffer.allocUnsafeSlow(2 * BLOCK_BYTES);
  #lengths = Buffer.alloc(2 * BLOCK_NAMES);
  #end = 0;
  #first = 0;
  #count = 0;
  #block: number;

  constructor(database: Sqlite, onName: OnName) {
    this.#insert = database.prepare('INSERT INTO names VALUES (?, ?, ?, ?, ?)');
    this.#onName = onName;
    this.#block = (database.prepare('SELECT max(block) FROM names').pluck().get() as number | null) ?? 0;
  }

  /** The number of the last block. */
  get block(): number {
    return this.#block;
  }

  /** Adds the names that a row brings: the aggregate's before the key's. @returns how many. */
  add(slab: Slab, row: number): number {
    const flags = slab.flags[row] as number;
    let count = 0;
    if (flags & ROW_NEW_AGGREGATE) {
      this.#add(slab, slab.aggregate[row], slab.nameOffset[row], slab.nameLength[row]);
      count++;
    }
    if (flags & ROW_NEW_KEY) {
      this.#add(slab, slab.key[row], slab.keyOffset[row], slab.keyLength[row]);
      count++;
    }
    return count;
  }

  /** Stores what was added. */
  flush(): void {
    if (this.#count === 0) return;
    const lengths = this.#lengths.subarray(0, 2 * this.#count);
    const body = Buffer.concat([lengths, this.#bytes.subarray(0, this.#end)]);
    const block = this.#block + 1;
    const checksum = blockChecksum(block, this.#first, this.#count, body);
    this.#insert.run(block, this.#first, this.#count, checksum, body);
    this.#block = block;
    this.#clear();
  }

  /** The transaction was rolled back; the last block is that of before. */
  rolledBack(block: number): void {
    this.#block = block;
    this.#clear();
  }

  #clear(): void {
    this.#count = 0;
    this.#end = 0;
  }

  #add(slab: Slab, id = 0, offset = 0, length = 0): void {
    // In deterministic mode a name is numbered before its first event, and the order of the two may differ.
    if (id !== this.#first + this.#count || this.#count === BLOCK_NAMES || this.#end >= BLOCK_BYTES)
      this.flush();
    if (this.#count === 0) this.#first = id;
    slab.bytes.copy(this.#bytes, this.#end, offset, offset + length);
    this.#onName(id, nameHash(viewOf(this.#bytes), this.#end, this.#end + length));
    this.#lengths.writeUInt16LE(length, 2 * this.#count);
    this.#end += length;
    this.#count++;
  }
}
