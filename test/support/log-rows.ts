import { Codec } from '../../dist/src/events/codec.js';
import { allocateSlab, ROW_NEW_AGGREGATE, Slab } from '../../dist/src/events/slab.js';
import type { Segment } from '../../dist/src/store/store.js';

/** The one event type of these rows, as a store is told of it. */
export const ROW_TYPE = { name: 'row.written', version: 1, volatile: [] };

/** Events as an engine hands them to a store, for tests of a store without an engine. */
export class LogRows {
  readonly slab: Slab;
  readonly #codec = new Codec();
  #names = new Map<string, { id: number; version: number }>();
  #rows = 0;
  #end = 0;
  #sent = 0;
  #position: number;
  readonly #namesBefore: number;

  /** @param bytes room for the payloads of all rows. @param names that the log has already. */
  constructor({ bytes = 64 * 1024, id = 1, after = 0, names = 0 } = {}) {
    this.slab = new Slab(id, allocateSlab(bytes));
    this.#position = after;
    this.#namesBefore = names;
  }

  /** Adds the next event of an aggregate, whose name is its key too. @param type its number. */
  add(aggregate: string, data: unknown, type = 1): this {
    const slab = this.slab;
    const row = this.#rows++;
    const known = this.#names.get(aggregate);
    const name = known ?? { id: this.#namesBefore + this.#names.size + 1, version: 0 };
    this.#names.set(aggregate, name);
    slab.flags[row] = known ? 0 : ROW_NEW_AGGREGATE;
    slab.nameOffset[row] = this.#end;
    slab.nameLength[row] = slab.bytes.write(aggregate, this.#end);
    slab.keyOffset[row] = slab.nameOffset[row] as number;
    slab.keyLength[row] = slab.nameLength[row] as number;
    this.#end += slab.nameLength[row] as number;
    const payload = this.#codec.pack(data);
    slab.dataOffset[row] = this.#end;
    slab.dataLength[row] = payload.copy(slab.bytes, this.#end);
    this.#end += payload.length;
    slab.position[row] = ++this.#position;
    slab.type[row] = type;
    slab.aggregate[row] = name.id;
    slab.key[row] = name.id;
    slab.version[row] = ++name.version;
    slab.occurredAt[row] = 1_700_000_000_000 + row;
    return this;
  }

  /** Room for more rows of the same log, in a slab of its own. */
  next(): LogRows {
    const rows = new LogRows({
      bytes: this.slab.bytes.length,
      id: this.slab.id + 1,
      after: this.#position,
      names: this.#namesBefore,
    });
    rows.#names = this.#names;
    return rows;
  }

  /** The rows that were added since the last call. */
  take(): Segment[] {
    const from = this.#sent;
    this.#sent = this.#rows;
    return from === this.#rows ? [] : [{ slab: this.slab, from, to: this.#rows }];
  }

  /** What was taken is stored: its place is used again. */
  stored(): void {
    this.#rows = 0;
    this.#end = 0;
    this.#sent = 0;
  }
}
