/** What one answer of a lane starts with: most answers fit, and most lanes give many. */
const FIRST_BYTES = 16 * 1024;

/**
 * Stands for no buffer: to make one of no bytes costs as much as to make any. The buffers here own their whole memory,
 * because that is moved to another thread and not copied.
 */
export const NO_BYTES: Buffer = Buffer.allocUnsafeSlow(0);

/** The buffer, or a longer one with its first `end` bytes, that has room for so many bytes. */
export function withRoom(buffer: Buffer, end: number, needed: number): Buffer {
  if (needed <= buffer.length) return buffer;
  const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, needed, buffer.length * 2));
  buffer.copy(grown, 0, 0, end);
  return grown;
}

/** Its first `end` bytes, ready to be moved. Whoever wrote them begins with another buffer. */
export function toMove(buffer: Buffer, end: number): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, end);
}
