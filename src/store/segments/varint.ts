import { StoreCorruptError } from '../../kernel/errors.js';

// Whole numbers from 0 in as few bytes as they need: seven bits a byte, the lowest first, the highest bit of a byte
// set when more follow.

/** Bytes that a number takes at most. */
export const VARINT_BYTES = 8;

/** Writes a number below 2⁵³. @returns where it ends. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest > 0x7f) {
    bytes[next++] = (rest % 0x80) | 0x80;
    rest = rest > 0x7fff_ffff ? Math.floor(rest / 0x80) : rest >>> 7;
  }
  bytes[next++] = rest;
  return next;
}

/** Reads numbers one after the other. */
export class VarintReader {
  #bytes: Uint8Array = new Uint8Array(0);
  at = 0;

  /** Begins to read bytes. */
  open(bytes: Uint8Array): this {
    this.#bytes = bytes;
    this.at = 0;
    return this;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  /** @throws StoreCorruptError when the bytes end in the number, or it is no safe one. */
  next(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.at++] ?? 0xff;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let factor = 0x80;
    for (let count = 1; count < VARINT_BYTES; count++) {
      byte = bytes[this.at++] ?? 0xff;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80 && Number.isSafeInteger(value)) return value;
      factor *= 0x80;
    }
    throw new StoreCorruptError(
      'The store is damaged: a number of a run has no end. Restore it from a backup.',
    );
  }
}
