import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { gunzipSync, constants as zlib } from 'node:zlib';
import { attempt } from '../kernel/thrown.js';
import { EXPORT_HEAD_BYTES } from './limits.js';
import { PARQUET_KEY } from './parquet-sink.js';
import { EXPORT_ID } from './sqlite-sink.js';
import { CSV_HEADINGS } from './text-sink.js';

/** How a line of JSON of an export begins. */
const LINE = /^\{"position":\d+,"type":"/;

/**
 * Whether a file is an earlier export, of any form: only such a one may be replaced. An empty file is one of an empty
 * log.
 */
export function isExport(path: string): boolean {
  const { size } = statSync(path);
  if (size === 0) return true;
  const file = openSync(path, 'r');
  try {
    const head = piece(file, 0);
    if (head.toString('latin1', 0, 15) === 'SQLite format 3') {
      return head.length >= 72 && head.readUInt32BE(68) === EXPORT_ID;
    }
    if (head.toString('latin1', 0, 4) === 'PAR1') {
      return piece(file, Math.max(0, size - EXPORT_HEAD_BYTES)).includes(PARQUET_KEY);
    }
    const isPacked = head[0] === 0x1f && head[1] === 0x8b;
    // The end of what is packed is cut off, and what is before it may be all that is looked at.
    const packed = () => gunzipSync(head, { finishFlush: zlib.Z_SYNC_FLUSH });
    const text = (isPacked ? attempt(packed) : head)?.toString('utf8', 0, EXPORT_HEAD_BYTES) ?? '';
    return text.startsWith(`${CSV_HEADINGS}\n`) || LINE.test(text) || (isPacked && text === '');
  } finally {
    closeSync(file);
  }
}

function piece(file: number, position: number): Buffer {
  const bytes = Buffer.alloc(EXPORT_HEAD_BYTES);
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, position));
}
