import { MAX_NAME_BYTES } from '../../limits.js';
import { endCheck, mixBytes, viewOf } from '../../store/checksum.js';
import { IDLE_NAME_BYTES, IDLE_NAMES } from '../limits.js';
import { type IdleName, NameTable } from './name-table.js';

/**
 * Names that nobody works with, so that the store need not be asked when they are next used. An entry takes 370 bytes and the
 * collector's time, one of these a fifth of it and none.
 *
 * They lie in tables. What is put goes into the first one; when that is full another one is put in front of it, and the last one
 * goes with all of its names. Of a name that several have, the first of them counts.
 */
export class IdleNames {
  readonly #most: number;
  readonly #mostBytes: number;
  readonly #tables: NameTable[] = [];
  readonly #words = new Uint32Array(Math.ceil((3 * MAX_NAME_BYTES) / 4));
  readonly #bytes = Buffer.from(this.#words.buffer);
  readonly #view = viewOf(this.#bytes);
  #length = 0;

  /** @param limit names that are kept, unless the store cannot tell of so many yet. */
  constructor(limit: number, bytes = IDLE_NAME_BYTES) {
    this.#most = Math.max(1, Math.floor(Math.min(limit, IDLE_NAMES) / 2));
    this.#mostBytes = bytes / 2;
  }

  /** What is known of a name; undefined when nothing is. */
  find(name: string): IdleName | undefined {
    // Of half a character UTF-8 makes what another name may have.
    if (this.#tables.length === 0 || name.length > MAX_NAME_BYTES || !name.isWellFormed()) return undefined;
    const hash = this.#hashOf(name);
    for (const table of this.#tables) {
      const found = table.find(this.#words, this.#length, hash);
      if (found) return found;
    }
    return undefined;
  }

  /**
   * Keeps what is known of a name, in the place of what was.
   *
   * @param last its last position, as an aggregate or as a partition key.
   * @param indexed up to which the store can tell of names: none of an event behind it is forgotten.
   * @returns whether others were forgotten for it.
   */
  put(name: string, idle: IdleName, last: number, indexed: number): boolean {
    const hash = this.#hashOf(name);
    let [table] = this.#tables;
    if (table?.update(this.#words, this.#length, hash, idle, last)) return false;
    const isFull = table && (table.count >= this.#most || table.bytes >= this.#mostBytes);
    const hasForgotten = isFull && this.#forget(indexed);
    if (!table || isFull) {
      table = new NameTable(this.#most);
      this.#tables.unshift(table);
    }
    table.add(this.#words, this.#length, hash, idle, last);
    return hasForgotten ?? false;
  }

  /** Forgets all tables but the first one, as far as the store can tell of their names. @returns whether there were any. */
  #forget(indexed: number): boolean {
    const before = this.#tables.length;
    while (this.#tables.length > 1 && (this.#tables.at(-1) as NameTable).last <= indexed) this.#tables.pop();
    return this.#tables.length < before;
  }

  /** Encodes a name, with zeroes up to the next whole word. */
  #hashOf(name: string): number {
    this.#length = this.#bytes.write(name);
    this.#bytes.fill(0, this.#length, (this.#length + 3) & ~3);
    return endCheck(mixBytes(0, this.#view, 0, this.#length));
  }
}
