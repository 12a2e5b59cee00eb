import { StoreCorruptError } from '../../kernel/errors.js';

// A column of a segment: one byte that says how wide its numbers are, its base, and for each event how much larger its
// number is than the base. Numbers that are all equal take no bytes, and most columns of most segments are narrow.
//
// First byte: the low half is the width of an offset, the high half that of the base: 0, 1, 2 or 4 bytes of an
// unsigned number, or 8 of a float (little-endian, all of them). A base of width 0 is 0; offsets of width 8 are the
// numbers themselves.

export type Column = Uint32Array | Float64Array;

/** Bytes that a column of so many numbers takes at most. */
export function columnBytes(count: number): number {
  return 1 + 8 + 8 * count;
}

/** Writes a column. @returns where it ends. */
export function writeColumn(bytes: Buffer, at: number, column: Column, count: number): number {
  let low = column[0] as number;
  let high = low;
  let isWhole = true;
  for (let index = 0; index < count; index++) {
    const value = column[index] as number;
    if (value < low) low = value;
    else if (value > high) high = value;
    if (isWhole && !Number.isSafeInteger(value)) isWhole = false;
  }
  const width = isWhole ? widthOf(high - low) : 8;
  const base = width === 8 ? 0 : low;
  const baseWidth = widthOf(base);
  bytes[at] = width | (baseWidth << 4);
  const start = writeNumber(bytes, at + 1, base, baseWidth);
  return writeOffsets(bytes, start, column, count, base, width);
}

function widthOf(value: number): number {
  if (value === 0) return 0;
  if (value < 0 || value > 0xffff_ffff) return 8;
  if (value <= 0xff) return 1;
  return value <= 0xffff ? 2 : 4;
}

function writeNumber(bytes: Buffer, at: number, value: number, width: number): number {
  if (width === 8) return bytes.writeDoubleLE(value, at);
  return width === 0 ? at : bytes.writeUIntLE(value, at, width);
}

function writeOffsets(
  bytes: Buffer,
  start: number,
  column: Column,
  count: number,
  base: number,
  width: number,
): number {
  let at = start;
  switch (width) {
    case 0:
      break;
    case 1:
      for (let index = 0; index < count; index++) bytes[at++] = (column[index] as number) - base;
      break;
    case 2:
      for (let index = 0; index < count; index++) {
        const offset = (column[index] as number) - base;
        bytes[at++] = offset;
        bytes[at++] = offset >>> 8;
      }
      break;
    case 4:
      for (let index = 0; index < count; index++) {
        const offset = (column[index] as number) - base;
        bytes[at++] = offset;
        bytes[at++] = offset >>> 8;
        bytes[at++] = offset >>> 16;
        bytes[at++] = offset >>> 24;
      }
      break;
    default:
      // SQLite would have stored -0 as 0, and so it is.
      for (let index = 0; index < count; index++) at = bytes.writeDoubleLE((column[index] as number) + 0, at);
  }
  return at;
}

/** Reads a column of `count` numbers. @returns where it ends. @throws StoreCorruptError */
export function readColumn(bytes: Buffer, at: number, column: Column, count: number): number {
  const end = columnEnd(bytes, at, count);
  const width = (bytes[at] as number) & 0xf;
  const baseWidth = (bytes[at] as number) >>> 4;
  const base = readNumber(bytes, at + 1, baseWidth);
  readOffsets(bytes, at + 1 + baseWidth, column, count, base, width);
  return end;
}

/** Where a column of `count` numbers ends. @throws StoreCorruptError */
export function columnEnd(bytes: Buffer, at: number, count: number): number {
  const widths = bytes[at] ?? 0xff;
  const width = widths & 0xf;
  const baseWidth = widths >>> 4;
  const end = at + 1 + baseWidth + width * count;
  if (!isWidth(width) || !isWidth(baseWidth) || end > bytes.length) {
    throw new StoreCorruptError('The store is damaged: a column of a segment has no end.');
  }
  return end;
}

/** One number of a column that ends within the bytes. */
export function numberAt(bytes: Buffer, at: number, index: number): number {
  const width = (bytes[at] as number) & 0xf;
  const baseWidth = (bytes[at] as number) >>> 4;
  const base = readNumber(bytes, at + 1, baseWidth);
  return base + readNumber(bytes, at + 1 + baseWidth + index * width, width);
}

/** The sum of the first `count` numbers of a column of lengths that ends within the bytes. */
export function sumOf(bytes: Buffer, at: number, count: number): number {
  const width = (bytes[at] as number) & 0xf;
  const baseWidth = (bytes[at] as number) >>> 4;
  const start = at + 1 + baseWidth;
  let sum = count * readNumber(bytes, at + 1, baseWidth);
  if (width === 1) for (let index = 0; index < count; index++) sum += bytes[start + index] as number;
  else if (width > 0) {
    for (let index = 0; index < count; index++) sum += readNumber(bytes, start + index * width, width);
  }
  return sum;
}

function isWidth(width: number): boolean {
  return width <= 2 || width === 4 || width === 8;
}

function readNumber(bytes: Buffer, at: number, width: number): number {
  if (width === 8) return bytes.readDoubleLE(at);
  return width === 0 ? 0 : bytes.readUIntLE(at, width);
}

function readOffsets(
  bytes: Buffer,
  start: number,
  column: Column,
  count: number,
  base: number,
  width: number,
): void {
  let at = start;
  switch (width) {
    case 0:
      column.fill(base, 0, count);
      break;
    case 1:
      for (let index = 0; index < count; index++) column[index] = base + (bytes[at++] as number);
      break;
    case 2:
      for (let index = 0; index < count; index++, at += 2) {
        column[index] = base + ((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
      }
      break;
    case 4:
      for (let index = 0; index < count; index++, at += 4) {
        const low =
          (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
        column[index] = base + (low + (bytes[at + 3] as number) * 0x100_0000);
      }
      break;
    default:
      for (let index = 0; index < count; index++, at += 8) column[index] = bytes.readDoubleLE(at);
  }
}
