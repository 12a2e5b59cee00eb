// Not by name: an older Node.js has no zstd, and is told so by an error of ours.
import zlib, { crc32 } from 'node:zlib';
import { StoreCorruptError } from '../../kernel/errors.js';
import { measured, numberOf } from '../measured.js';
import type { OpenSegment } from './body.js';
import { LISTED_TYPES, MAX_BODY_BYTES, MAX_SEGMENT_EVENTS, MAX_TYPES_BYTES } from './limits.js';
import { VarintReader, writeVarint } from './varint.js';

/** A row of `segments`, but for its checksum. */
export interface StoredSegment {
  readonly first: number;
  readonly count: number;
  /** Names and payload shapes that the log has after it. */
  readonly names: number;
  readonly shapes: number;
  /** CRC-32 of the checks of all events up to its last one. */
  readonly chain: number;
  /** Length of the body before it was compressed, and whether it was. */
  readonly bytes: number;
  readonly packed: number;
  readonly types: Uint8Array;
  readonly body: Buffer;
}

/** A row as it is read: of damage, any column may be anything. */
export type SegmentRowValues = readonly [
  first: number,
  count: unknown,
  names: unknown,
  shapes: unknown,
  chain: unknown,
  bytes: unknown,
  packed: unknown,
  checksum: unknown,
  types: unknown,
  body: unknown,
];

/** The columns of a `SegmentRowValues`. */
export const SEGMENT_COLUMNS = `first, ${['count', 'names', 'shapes', 'chain', 'bytes', 'packed', 'checksum'].map(numberOf).join(', ')},
  ${measured('types', MAX_TYPES_BYTES)}, ${measured('body', MAX_BODY_BYTES)}`;

const header = Buffer.alloc(7 * 8 + MAX_TYPES_BYTES);

/** The checksum of a row: its numbers as floats, the list of types, and the body as it lies in the file. */
export function segmentChecksum(segment: StoredSegment): number {
  const { first, count, names, shapes, chain, bytes, packed, types, body } = segment;
  let at = 0;
  for (const value of [first, count, names, shapes, chain, bytes, packed]) {
    at = header.writeDoubleLE(value, at);
  }
  header.set(types, at);
  return crc32(body, crc32(header.subarray(0, at + types.length)));
}

/**
 * What a row says, if it is what was written.
 *
 * @throws StoreCorruptError with the position of its first event.
 */
export function storedSegment(row: SegmentRowValues): StoredSegment {
  const segment = plausibleSegment(row);
  if (segment === undefined) throw damaged(row[0], 'is no segment');
  if (segmentChecksum(segment) !== row[7]) throw damaged(row[0], 'is not what was written');
  return segment;
}

/** A row whose columns are at least of the right types and sizes; undefined when they are not. */
export function plausibleSegment(row: SegmentRowValues): StoredSegment | undefined {
  const [first, count, names, shapes, chain, bytes, packed, , types, body] = row;
  const isRight =
    isBetween(first, 1, Number.MAX_SAFE_INTEGER - MAX_SEGMENT_EVENTS) &&
    isBetween(count, 1, MAX_SEGMENT_EVENTS) &&
    isBetween(names, 0, Number.MAX_SAFE_INTEGER) &&
    isBetween(shapes, 0, Number.MAX_SAFE_INTEGER) &&
    isBetween(chain, 0, 0xffff_ffff) &&
    isBetween(bytes, 1, MAX_BODY_BYTES) &&
    isBetween(packed, 0, 1) &&
    types instanceof Uint8Array &&
    Buffer.isBuffer(body);
  return isRight ? { first, count, names, shapes, chain, bytes, packed, types, body } : undefined;
}

function isBetween(value: unknown, low: number, high: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high;
}

/** A segment with its body as it was before it was compressed. @throws StoreCorruptError */
export function openSegment({ first, count, bytes, packed, body }: StoredSegment): OpenSegment {
  const whole = packed === 0 ? body : unpacked(first, body, bytes);
  if (whole.length !== bytes) throw damaged(first, `has ${whole.length} bytes where it should have ${bytes}`);
  return { first, count, body: whole };
}

/** More than it should have is never made: of a few bytes zstd could make gigabytes. */
function unpacked(first: number, body: Buffer, bytes: number): Buffer {
  try {
    return zlib.zstdDecompressSync(body, { maxOutputLength: bytes, chunkSize: Math.max(bytes + 1, 64) });
  } catch (cause) {
    throw damaged(first, 'cannot be decompressed', { cause });
  }
}

/** The list of types of a segment; empty when there are too many to list. */
export function typeList(types: Uint32Array, count: number): Uint8Array {
  const found = new Set<number>();
  let last = 0;
  for (let index = 0; index < count; index++) {
    const type = types[index] as number;
    if (type === last) continue;
    last = type;
    found.add(type);
    if (found.size > LISTED_TYPES) return new Uint8Array(0);
  }
  const list = new Uint8Array(MAX_TYPES_BYTES);
  let at = 0;
  for (const type of [...found].sort((a, b) => a - b)) at = writeVarint(list, at, type);
  return list.subarray(0, at);
}

/** Whether a segment may have an event of a type that is wanted, by its list of types. */
export function mayHave({ types }: StoredSegment, wants: (type: number) => boolean): boolean {
  if (types.length === 0) return true;
  const list = new VarintReader().open(types);
  while (!list.isAtEnd) if (wants(list.next())) return true;
  return false;
}

export function damaged(position: number, what: string, options: ErrorOptions = {}): StoreCorruptError {
  return new StoreCorruptError(
    `The store is damaged: the segment at position ${position} ${what}. Run 'millrace verify' on it, and restore it from a backup.`,
    { ...options, details: { position } },
  );
}
