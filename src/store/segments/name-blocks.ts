import { crc32 } from 'node:zlib';
import { StoreCorruptError } from '../../kernel/errors.js';
import { MAX_NAME_BYTES } from '../../limits.js';
import { endCheck, mixBytes, viewOf } from '../checksum.js';
import { measured, numberOf } from '../measured.js';
import type { Sqlite } from '../sqlite.js';
import { BLOCK_NAMES } from './limits.js';

// A row of `names` is a block: names whose ids follow each other. Its body has the length of each name in two bytes
// (little-endian), then the names in UTF-8. Blocks are numbered in the order in which they were stored, which in
// deterministic mode is not always that of the ids: a name is numbered before its first event is.

/** Longest body of a block. */
const MAX_BLOCK_BYTES = BLOCK_NAMES * (2 + MAX_NAME_BYTES);

/** The columns of a `BlockRow`. */
const BLOCK_COLUMNS = `block, ${['first', 'count', 'checksum'].map(numberOf).join(', ')}, ${measured('body', MAX_BLOCK_BYTES)}`;

/** Finds the block that has a name, if any does: the last one that begins with its number or a lower one. */
export function blockFinder(database: Sqlite): (id: number) => BlockRow | undefined {
  const statement = database
    .prepare(`SELECT ${BLOCK_COLUMNS} FROM names WHERE first <= ? ORDER BY first DESC LIMIT 1`)
    .raw();
  return (id) => statement.get(id) as BlockRow | undefined;
}

/** Finds the block behind that of a number, in the order in which they were stored. */
export function nextBlockFinder(database: Sqlite): (block: number) => BlockRow | undefined {
  const statement = database
    .prepare(`SELECT ${BLOCK_COLUMNS} FROM names WHERE block > ? ORDER BY block LIMIT 1`)
    .raw();
  return (block) => statement.get(block) as BlockRow | undefined;
}

/** A block as it is read: of damage, any column may be anything. */
export type BlockRow = readonly [
  block: number,
  first: unknown,
  count: unknown,
  checksum: unknown,
  body: unknown,
];

const header = Buffer.alloc(24);

/** The checksum of a block: its numbers as floats, then its body. */
export function blockChecksum(block: number, first: number, count: number, body: Uint8Array): number {
  header.writeDoubleLE(count, header.writeDoubleLE(first, header.writeDoubleLE(block, 0)));
  return crc32(body, crc32(header));
}

/** What stands for a name in the runs that find names: a hint, the name itself decides. */
export function nameHash(bytes: DataView, start: number, end: number): number {
  return endCheck(mixBytes(0, bytes, start, end));
}

/** Names whose ids follow each other, and where each lies. */
export class NameBlock {
  readonly number: number;
  readonly first: number;
  readonly count: number;
  readonly body: Buffer;
  /** Where each name begins, and where the last one ends. */
  readonly #starts: Uint32Array;

  /** @throws StoreCorruptError when it is not what was written. */
  constructor([block, first, count, checksum, body]: BlockRow) {
    const isPlausible =
      Number.isSafeInteger(first) &&
      (first as number) > 0 &&
      Number.isInteger(count) &&
      (count as number) > 0 &&
      (count as number) <= BLOCK_NAMES &&
      Buffer.isBuffer(body) &&
      body.length >= 2 * (count as number);
    if (!isPlausible || blockChecksum(block, first as number, count as number, body) !== checksum) {
      throw damagedBlock(block);
    }
    this.number = block;
    this.first = first as number;
    this.count = count as number;
    this.body = body;
    this.#starts = new Uint32Array(this.count + 1);
    let end = 2 * this.count;
    for (let index = 0; index < this.count; index++) {
      this.#starts[index] = end;
      end += body.readUInt16LE(2 * index);
    }
    this.#starts[this.count] = end;
    if (end !== body.length) throw damagedBlock(block);
  }

  has(id: number): boolean {
    return id >= this.first && id < this.first + this.count;
  }

  name(id: number): string {
    return this.body.toString('utf8', this.startOf(id), this.endOf(id));
  }

  isName(id: number, name: Buffer): boolean {
    return name.compare(this.body, this.startOf(id), this.endOf(id)) === 0;
  }

  hash(id: number): number {
    return nameHash(viewOf(this.body), this.startOf(id), this.endOf(id));
  }

  startOf(id: number): number {
    return this.#starts[id - this.first] as number;
  }

  endOf(id: number): number {
    return this.#starts[id - this.first + 1] as number;
  }
}

function damagedBlock(block: number): StoreCorruptError {
  return new StoreCorruptError(
    `The store is damaged: block ${block} of its names is not what was written. Run 'millrace verify' on it, and restore it from a backup.`,
  );
}
