import { crc32 } from 'node:zlib';
import type { StoredSnapshot } from './snapshot.js';

// An event's check is a MurmurHash3 of 32 bits over its columns, its bytes and the names that it brings to the log. It
// lies beside the event in its segment, and a CRC over the checks of all events so far, which a segment has too, makes
// them a chain, however the events are cut into segments. So a changed byte is found at its event, and a missing or
// exchanged event by the chain. Each step of the hash is one-to-one, so a change within one word of four bytes is always
// found; any other change is missed once in four billion times.

/** To read the two words of a number in an order that is the same on every machine. */
const scratch = new DataView(new ArrayBuffer(8));

function mix(hash: number, word: number): number {
  const first = Math.imul(word, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((first << 15) | (first >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function mixNumber(hash: number, value: number): number {
  // SQLite stores -0 as 0.
  scratch.setFloat64(0, value + 0, true);
  return mix(mix(hash, scratch.getInt32(0, true)), scratch.getInt32(4, true));
}

/** Continues a hash with bytes. A DataView reads whole words at any offset, in half the time of single bytes. */
export function mixBytes(hash: number, bytes: DataView, start: number, end: number): number {
  let mixed = mix(hash, end - start);
  let at = start;
  for (; at + 4 <= end; at += 4) mixed = mix(mixed, bytes.getInt32(at, true));
  if (at === end) return mixed;
  let tail = 0;
  for (let shift = 0; at < end; at++, shift += 8) tail |= bytes.getUint8(at) << shift;
  return mix(mixed, tail);
}

/** Begins an event's check. Its payload and its metadata follow with `mixBytes`, then `endCheck`. */
export function beginCheck(
  typeHash: number,
  aggregate: number,
  key: number,
  version: number,
  occurredAt: number,
  causation: number,
): number {
  const columns = mix(mix(mix(mix(0, typeHash), aggregate), key), version);
  return mixNumber(mixNumber(columns, occurredAt), causation);
}

/** The last step of a hash, as an unsigned number. */
export function endCheck(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
}

/** Bytes as `mixBytes` reads them. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What stands for an event's type in its check, so that the type's own row is covered too. */
export function typeHash(id: number, name: string, version: number): number {
  return endCheck(mixText(mix(mix(0, id), version), name));
}

/** Continues a hash with a name that is new to the log; its bytes are UTF-8. */
export function mixName(hash: number, id: number, bytes: DataView, start: number, end: number): number {
  return mixBytes(mix(hash, id), bytes, start, end);
}

/** Continues a hash with text, such as a shape's JSON. */
export function mixText(hash: number, text: string): number {
  const bytes = viewOf(Buffer.from(text));
  return mixBytes(hash, bytes, 0, bytes.byteLength);
}

/** What the chain begins with: the run id, so that it is covered too. */
export function chainStart(run: string): number {
  return crc32(run);
}

/** The checksum of a row of small tables, over its columns in their order. */
export function rowCheck(values: readonly (string | number)[]): number {
  return endCheck(mixText(0, JSON.stringify(values)));
}

/** The checksum of the row of `progress`. */
export function progressCheck(mark: number, indexed: number): number {
  return endCheck(mixNumber(mixNumber(0, mark), indexed));
}

/** The checksum of a row of `progress_chunks`. */
export function chunkCheck(index: number, bits: Uint8Array): number {
  return endCheck(mixBytes(mixNumber(0, index), viewOf(bits), 0, bits.byteLength));
}

/** The checksum of a row of `timers`. */
export function timerCheck(
  columns: readonly (string | number)[],
  data: Uint8Array,
  metadata: Uint8Array,
): number {
  const hash = mixBytes(mixText(0, JSON.stringify(columns)), viewOf(data), 0, data.byteLength);
  return endCheck(mixBytes(hash, viewOf(metadata), 0, metadata.byteLength));
}

/** The checksum of a row of `snapshots`. */
export function snapshotCheck(row: StoredSnapshot): number {
  const { aggregate, kind, kindVersion, version, position, state, notes } = row;
  return timerCheck([aggregate, kind, kindVersion, version, position], state, notes);
}

/** The checksum of a row of `states`. */
export function stateCheck(slot: number, position: number, value: Uint8Array): number {
  return endCheck(mixBytes(mixNumber(mixNumber(0, slot), position), viewOf(value), 0, value.byteLength));
}
