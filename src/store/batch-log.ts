import type { Statement } from 'better-sqlite3';
import { dataEndOf, metadataEndOf } from '../events/row.js';
import { ROW_NEW_AGGREGATE, ROW_NEW_KEY, type Slab } from '../events/slab.js';
import { StoreCorruptError } from '../kernel/errors.js';
import { SLAB_ROWS } from '../limits.js';
import {
  beginCheck,
  chainOf,
  chainStart,
  endCheck,
  mixBytes,
  mixName,
  mixText,
  typeHash,
  viewOf,
} from './checksum.js';
import type { StoreState } from './protocol.js';
import type { Sqlite } from './sqlite.js';

/** Where the chain stands. */
interface ChainState {
  chain: number;
  names: number;
  shapes: number;
  /** Over the shapes that no batch has taken in yet: a transaction may bring shapes and no event. */
  shapesHash: number;
}

interface LastBatch {
  readonly last: number;
  readonly names: number;
  readonly shapes: number;
  readonly chain: number;
}

/** The checksums of the events that are being written: one row of `batches` for each transaction with events. */
export class BatchLog {
  readonly #insert: Statement;
  /** `typeHash` by type id. */
  readonly #types: Uint32Array;
  #checks = new DataView(new ArrayBuffer(SLAB_ROWS * 4));
  #count = 0;
  #namesHash = 0;
  /** As of the last commit, and as the open transaction has it. */
  #committed: ChainState;
  readonly #state: ChainState;

  /** @throws StoreCorruptError when the last batch does not end where the log does. */
  constructor(database: Sqlite, { run, types, shapes, lastPosition }: StoreState) {
    this.#insert = database.prepare('INSERT INTO batches VALUES (?, ?, ?, ?, ?)');
    this.#types = new Uint32Array(types.reduce((highest, { id }) => Math.max(highest, id), 0) + 1);
    for (const { id, name, version } of types) this.#types[id] = typeHash(id, name, version);
    const batch = database
      .prepare('SELECT last, names, shapes, chain FROM batches ORDER BY last DESC LIMIT 1')
      .get() as LastBatch | undefined;
    if ((batch?.last ?? 0) !== lastPosition) {
      throw new StoreCorruptError(
        `Store ${database.name} is damaged: its last event is at position ${lastPosition}, its last checksum at ${batch?.last ?? 0}. Run 'millrace verify' on it, and restore it from a backup.`,
      );
    }
    const known = batch?.shapes ?? 0;
    this.#committed = {
      chain: batch?.chain ?? chainStart(run),
      names: batch?.names ?? 0,
      shapes: shapes.length,
      shapesHash: shapes.slice(known).reduce((hash, shape) => mixText(hash, JSON.stringify(shape)), 0),
    };
    this.#state = { ...this.#committed };
  }

  /** Takes note of a shape that the transaction stores, as its JSON. */
  addShape(json: string): void {
    this.#state.shapes++;
    this.#state.shapesHash = mixText(this.#state.shapesHash, json);
  }

  /** Takes note of the events that the transaction stores. */
  add(slab: Slab, from: number, to: number): void {
    this.#reserve(to - from);
    const bytes = viewOf(slab.bytes);
    for (let row = from; row < to; row++) {
      if (slab.flags[row] !== 0) this.#addNames(slab, bytes, row);
      const end = dataEndOf(slab, row);
      const columns = beginCheck(
        this.#types[slab.type[row] as number] as number,
        slab.aggregate[row] as number,
        slab.key[row] as number,
        slab.version[row] as number,
        slab.occurredAt[row] as number,
        slab.causation[row] as number,
      );
      const payload = mixBytes(columns, bytes, slab.dataOffset[row] as number, end);
      const check = endCheck(mixBytes(payload, bytes, end, metadataEndOf(slab, row)));
      this.#checks.setUint32(this.#count * 4, check, true);
      this.#count++;
    }
  }

  /** Writes the row of the transaction, if it has events; `last` is the position of the last one. */
  write(last: number): void {
    if (this.#count === 0) return;
    const { chain: previous, names, shapes, shapesHash } = this.#state;
    const checks = new Uint8Array(this.#checks.buffer, 0, this.#count * 4);
    const chain = chainOf({ previous, last, names, shapes, namesHash: this.#namesHash, shapesHash }, checks);
    this.#insert.run(last, names, shapes, checks, chain);
    this.#state.chain = chain;
    this.#state.shapesHash = 0;
  }

  /** The transaction is committed. */
  committed(): void {
    this.#committed = { ...this.#state };
    this.#begin();
  }

  /** The transaction was rolled back: the chain goes on from where it stood before. */
  rolledBack(): void {
    Object.assign(this.#state, this.#committed);
    this.#begin();
  }

  #begin(): void {
    this.#count = 0;
    this.#namesHash = 0;
  }

  /** In the order in which a reader of the log meets them: by row, the aggregate before the partition key. */
  #addNames(slab: Slab, bytes: DataView, row: number): void {
    const flags = slab.flags[row] as number;
    if (flags & ROW_NEW_AGGREGATE) {
      this.#addName(bytes, slab.aggregate[row], slab.nameOffset[row], slab.nameLength[row]);
    }
    if (flags & ROW_NEW_KEY) this.#addName(bytes, slab.key[row], slab.keyOffset[row], slab.keyLength[row]);
  }

  #addName(bytes: DataView, id = 0, offset = 0, length = 0): void {
    this.#namesHash = mixName(this.#namesHash, id, bytes, offset, offset + length);
    this.#state.names++;
  }

  #reserve(rows: number): void {
    const needed = (this.#count + rows) * 4;
    if (needed <= this.#checks.byteLength) return;
    const larger = new Uint8Array(Math.max(needed, this.#checks.byteLength * 2));
    larger.set(new Uint8Array(this.#checks.buffer, 0, this.#count * 4));
    this.#checks = new DataView(larger.buffer);
  }
}
