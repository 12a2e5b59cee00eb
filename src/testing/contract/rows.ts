import { Codec } from '../../events/codec.js';
import type { Shape } from '../../events/shape-index.js';
import { allocateSlab, ROW_NEW_AGGREGATE, ROW_NEW_KEY, Slab } from '../../events/slab.js';
import type { RawEvent, Segment } from '../store.js';

/** One event of a check, as little of it as matters. */
export interface Row {
  readonly aggregate: string;
  readonly data?: unknown;
  /** Default: the aggregate. */
  readonly key?: string;
  readonly type?: number;
  readonly causation?: number;
  readonly metadata?: Uint8Array;
}

export interface RowsOptions {
  readonly slab?: number;
  /** Room for names and payloads. */
  readonly bytes?: number;
  /** Shapes that payloads may refer to. */
  readonly shapes?: readonly Shape[];
}

interface Name {
  readonly id: number;
  version: number;
  isNew: boolean;
}

/** Where an engine stands: what it would know when it sends the next rows. */
export class LogState {
  readonly names = new Map<string, Name>();
  position = 0;

  name(text: string): Name {
    const known = this.names.get(text);
    if (known) return known;
    const made = { id: this.names.size + 1, version: 0, isNew: true };
    this.names.set(text, made);
    return made;
  }
}

/** Events as an engine hands them to a store: rows of a slab. Keeps what the store must give back for each. */
export class Rows {
  readonly slab: Slab;
  /** What a reader must say of the rows, in order. */
  readonly expected: RawEvent[] = [];
  readonly #log: LogState;
  readonly #codec: Codec;
  #end = 0;
  #sent = 0;

  constructor(log: LogState, { slab = 1, bytes = 64 * 1024, shapes = [] }: RowsOptions = {}) {
    this.#log = log;
    this.slab = new Slab(slab, allocateSlab(bytes));
    this.#codec = new Codec(shapes);
  }

  add(...rows: readonly Row[]): this {
    for (const row of rows) this.#add(row);
    return this;
  }

  /** The rows that were added since the last call. */
  take(): Segment[] {
    const segment = { slab: this.slab, from: this.#sent, to: this.expected.length };
    this.#sent = segment.to;
    return segment.from === segment.to ? [] : [segment];
  }

  #add({ aggregate, data = {}, key = aggregate, type = 1, causation = 0, metadata }: Row): void {
    const { slab } = this;
    const row = this.expected.length;
    const of = this.#log.name(aggregate);
    const by = this.#log.name(key);
    slab.flags[row] = (of.isNew ? ROW_NEW_AGGREGATE : 0) | (by !== of && by.isNew ? ROW_NEW_KEY : 0);
    of.isNew = false;
    by.isNew = false;
    [slab.nameOffset[row], slab.nameLength[row]] = this.#write(Buffer.from(aggregate));
    [slab.keyOffset[row], slab.keyLength[row]] = this.#write(Buffer.from(key));
    const payload = this.#pack(data);
    [slab.dataOffset[row], slab.dataLength[row]] = this.#write(payload);
    slab.metadataLength[row] = metadata ? this.#write(metadata)[1] : 0;
    const event: RawEvent = {
      position: ++this.#log.position,
      type,
      aggregate: of.id,
      version: ++of.version,
      occurredAt: 1_700_000_000_000 + this.#log.position,
      data: payload,
      partitionKey: by === of ? undefined : by.id,
      causation,
      metadata: metadata && Buffer.from(metadata),
    };
    slab.position[row] = event.position;
    slab.type[row] = type;
    slab.aggregate[row] = of.id;
    slab.key[row] = by.id;
    slab.version[row] = event.version;
    slab.occurredAt[row] = event.occurredAt;
    slab.causation[row] = causation;
    this.expected.push(event);
  }

  #write(bytes: Uint8Array): [offset: number, length: number] {
    const offset = this.#end;
    this.slab.bytes.set(bytes, offset);
    this.#end += bytes.length;
    return [offset, bytes.length];
  }

  /** As a record, where a shape allows it. */
  #pack(data: unknown): Buffer {
    const { target, start, end } = this.#codec.encode('', data, true);
    return Buffer.from(target.subarray(start, end));
  }
}
