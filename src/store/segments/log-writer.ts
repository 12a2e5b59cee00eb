import type { Slab } from '../../events/slab.js';
import { StoreCorruptError } from '../../kernel/errors.js';
import { chainStart, typeHash, viewOf } from '../checksum.js';
import type { StoreState } from '../protocol.js';
import type { Sqlite } from '../sqlite.js';
import { rowEventCheck } from './event-check.js';
import type { Indexer } from './indexer.js';
import { NameWriter } from './name-writer.js';
import { SegmentBuilder } from './segment-builder.js';
import { readLastSegment, segmentPutter } from './segment-table.js';

/** Where the log ends, as of the last commit. */
interface LogEnd {
  readonly position: number;
  readonly chain: number;
  readonly names: number;
  readonly shapes: number;
  readonly block: number;
  readonly waitingNames: number;
}

/** Writes events: segments, the names that they bring, and what the index must know. Inside the caller's transaction. */
export class LogWriter {
  readonly #path: string;
  readonly #builder: SegmentBuilder;
  readonly #names: NameWriter;
  readonly #indexer: Indexer;
  /** `typeHash` by type id. */
  readonly #types: Uint32Array;
  #position: number;
  #committed: LogEnd;

  constructor(database: Sqlite, { run, types, shapes, lastPosition }: StoreState, indexer: Indexer) {
    this.#path = database.name;
    this.#indexer = indexer;
    this.#names = new NameWriter(database, (id, hash) => indexer.addName(hash, id));
    this.#types = new Uint32Array(types.reduce((highest, { id }) => Math.max(highest, id), 0) + 1);
    for (const { id, name, version } of types) this.#types[id] = typeHash(id, name, version);
    this.#builder = new SegmentBuilder(segmentPutter(database));
    const last = readLastSegment(database);
    this.#builder.chain = last?.chain ?? chainStart(run);
    this.#builder.names = last?.names ?? 0;
    this.#builder.shapes = shapes.length;
    this.#position = lastPosition;
    this.#committed = this.#end();
  }

  /** The last position that was added. */
  get position(): number {
    return this.#position;
  }

  /** The last block of names. */
  get block(): number {
    return this.#names.block;
  }

  /** The transaction stores one more payload shape. */
  addShape(): void {
    this.#builder.shapes++;
  }

  /** Adds rows `from` to `to - 1`. They are all stored after the next `flush`. @throws StoreCorruptError */
  add(slab: Slab, from: number, to: number): void {
    const expected = this.#position + 1;
    if (slab.position[from] !== expected) {
      throw new StoreCorruptError(
        `Store ${this.#path}: position ${slab.position[from]} was to be written where ${expected} belongs.`,
      );
    }
    const bytes = viewOf(slab.bytes);
    for (let row = from; row < to; row++) {
      const check = rowEventCheck(slab, row, this.#types[slab.type[row] as number] as number, bytes);
      this.#builder.add(slab, row, check);
      if (slab.flags[row] !== 0) this.#builder.names += this.#names.add(slab, row);
      this.#indexer.addEvent(slab.aggregate[row] as number, slab.version[row] as number);
    }
    this.#position = slab.position[to - 1] as number;
  }

  flush(): void {
    this.#builder.flush();
    this.#names.flush();
  }

  committed(): void {
    this.#committed = this.#end();
  }

  /** The transaction was rolled back: everything goes on from where it stood before. */
  rolledBack(): void {
    const { position, chain, names, shapes, block, waitingNames } = this.#committed;
    this.#builder.clear();
    Object.assign(this.#builder, { chain, names, shapes });
    this.#position = position;
    this.#names.rolledBack(block);
    this.#indexer.rolledBack(position, waitingNames);
  }

  #end(): LogEnd {
    const { chain, names, shapes } = this.#builder;
    const waitingNames = this.#indexer.waitingNames;
    return { position: this.#position, chain, names, shapes, block: this.#names.block, waitingNames };
  }
}
