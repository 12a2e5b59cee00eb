import { StoreCorruptError } from '../../kernel/errors.js';
import { type Column, columnBytes, columnEnd, numberAt, readColumn, sumOf, writeColumn } from './columns.js';
import { MAX_SEGMENT_EVENTS } from './limits.js';
import { SegmentRow } from './segment-row.js';

/**
 * What the body of a segment says, event by event: columns in this order, then each event's payload and at once its
 * metadata. Memory for one segment that is used again for the next.
 */
export class SegmentColumns {
  readonly type = new Uint32Array(MAX_SEGMENT_EVENTS);
  readonly aggregate = new Uint32Array(MAX_SEGMENT_EVENTS);
  readonly version = new Uint32Array(MAX_SEGMENT_EVENTS);
  /** Unix epoch milliseconds. */
  readonly occurredAt = new Float64Array(MAX_SEGMENT_EVENTS);
  /** Number of the partition key's name, 0 for the aggregate's. */
  readonly key = new Uint32Array(MAX_SEGMENT_EVENTS);
  /** Position of the cause, 0 for none. */
  readonly causation = new Float64Array(MAX_SEGMENT_EVENTS);
  readonly dataLength = new Uint32Array(MAX_SEGMENT_EVENTS);
  readonly metadataLength = new Uint32Array(MAX_SEGMENT_EVENTS);
  /** See checksum.ts. */
  readonly check = new Uint32Array(MAX_SEGMENT_EVENTS);
  readonly #all: readonly Column[] = [
    this.type,
    this.aggregate,
    this.version,
    this.occurredAt,
    this.key,
    this.causation,
    this.dataLength,
    this.metadataLength,
    this.check,
  ];

  /** Takes over the first numbers of other columns, behind those that there are. */
  append(at: number, from: SegmentColumns, count: number): void {
    this.#all.forEach((column, index) => {
      column.set((from.#all[index] as Column).subarray(0, count), at);
    });
  }

  /** Writes the columns of the first `count` events. @returns where they end. */
  write(bytes: Buffer, at: number, count: number): number {
    let end = at;
    for (const column of this.#all) end = writeColumn(bytes, end, column, count);
    return end;
  }

  /** @returns where the columns end, and the first payload begins. @throws StoreCorruptError */
  read(bytes: Buffer, count: number): number {
    let end = 0;
    for (const column of this.#all) end = readColumn(bytes, end, column, count);
    return end;
  }
}

/** Bytes that the columns of a full segment take at most. */
export const COLUMNS_BYTES = 9 * columnBytes(MAX_SEGMENT_EVENTS);

/** A segment whose bytes are at hand. */
export interface OpenSegment {
  /** Position of its first event. */
  readonly first: number;
  readonly count: number;
  /** Columns and bytes, as they were before they were compressed. */
  readonly body: Buffer;
}

/** Looks into segments, one at a time. */
export class BodyReader {
  readonly columns = new SegmentColumns();
  readonly #start = new Uint32Array(MAX_SEGMENT_EVENTS + 1);
  #segment: OpenSegment | undefined;

  /** Whether it looks into that one already. */
  isOpen(segment: OpenSegment): boolean {
    return this.#segment === segment;
  }

  /** Begins to look into a segment. @throws StoreCorruptError when it does not hold what it says. */
  open(segment: OpenSegment): void {
    if (this.#segment === segment) return;
    this.#segment = undefined;
    const { first, count, body } = segment;
    const { dataLength, metadataLength } = this.columns;
    let end = this.columns.read(body, count);
    for (let index = 0; index < count; index++) {
      this.#start[index] = end;
      end += (dataLength[index] as number) + (metadataLength[index] as number);
    }
    if (end !== body.length) {
      throw new StoreCorruptError(
        `The store is damaged: the segment at position ${first} has ${body.length} bytes where its ${count} events take ${end}. Restore it from a backup.`,
        { details: { position: first } },
      );
    }
    this.#segment = segment;
  }

  /** The event of that index in the open segment. @throws StoreCorruptError for what no writer writes. */
  event(index: number): SegmentRow {
    const { columns } = this;
    const { first, body } = this.#segment as OpenSegment;
    const start = this.#start[index] as number;
    const dataEnd = start + (columns.dataLength[index] as number);
    const version = columns.version[index] as number;
    if (version === 0) throw damagedEvent(first + index, 'has no version');
    return new SegmentRow(
      first + index,
      columns.type[index] as number,
      columns.aggregate[index] as number,
      version,
      columns.occurredAt[index] as number,
      columns.key[index] as number,
      columns.causation[index] as number,
      body,
      start,
      dataEnd,
      dataEnd + (columns.metadataLength[index] as number),
    );
  }
}

/** Columns in front of the payloads, in the order of `SegmentColumns`. */
const COLUMNS = 9;

/**
 * One event of a segment, without reading what there is of the others: all columns of a full segment take ten times as
 * long.
 *
 * @throws StoreCorruptError for what no writer writes.
 */
export function eventOf({ first, count, body }: OpenSegment, index: number): SegmentRow {
  const starts: number[] = [];
  let end = 0;
  for (let column = 0; column < COLUMNS; column++) {
    starts.push(end);
    end = columnEnd(body, end, count);
  }
  const [type, aggregate, version, occurredAt, key, causation, dataLength, metadataLength] = starts.map(
    (start) => numberAt(body, start, index),
  ) as [number, number, number, number, number, number, number, number];
  const start = end + sumOf(body, starts[6] as number, index) + sumOf(body, starts[7] as number, index);
  const metadataEnd = start + dataLength + metadataLength;
  if (!(metadataEnd <= body.length)) throw damagedEvent(first + index, 'ends behind its segment');
  if (version === 0) throw damagedEvent(first + index, 'has no version');
  return new SegmentRow(
    first + index,
    type,
    aggregate,
    version,
    occurredAt,
    key,
    causation,
    // A copy: a page of far events must not hold all of their segments.
    Buffer.from(body.subarray(start, metadataEnd)),
    0,
    dataLength,
    dataLength + metadataLength,
  );
}

function damagedEvent(position: number, what: string): StoreCorruptError {
  return new StoreCorruptError(
    `The store is damaged: the event at position ${position} ${what}. Restore it from a backup.`,
    { details: { position } },
  );
}
