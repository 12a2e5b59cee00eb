import { decodeError, type WireError } from '../../kernel/error-codec.js';
import { optionalPackage } from '../../kernel/optional-package.js';
import { messageOf } from '../../kernel/thrown.js';
import { Thread } from '../../threads/thread.js';
import { PARQUET_HEAP_MIB, PARQUET_SECONDS } from './limits.js';
import { type ParquetColumn, type ParquetColumns, unreadable } from './parquet-file.js';
import { JSON_DIALECT, type Records } from './records.js';

/** What the thread that reads a file is given, and what it answers. */
export interface ParquetRequest {
  readonly content: Uint8Array;
  readonly path: string;
}
export type ParquetReply =
  | { readonly kind: 'read'; readonly read: ParquetColumns }
  | { readonly kind: 'failed'; readonly error: WireError };

/** The index of a pandas frame that has no name of its own. */
const PANDAS_INDEX = '__index_level_0__';

export function isParquet(content: Buffer): boolean {
  return content.subarray(0, 4).toString('latin1') === 'PAR1';
}

/**
 * The rows of a Parquet file, as if they were those of a JSON document: its columns of plain values, by their names.
 *
 * @param seconds after which a file that is still being read counts as damaged.
 * @throws PackageMissingError without hyparquet. InputError for a file that is damaged or too large.
 */
export async function parquetRecords(
  content: Buffer,
  path: string,
  seconds: number = PARQUET_SECONDS,
): Promise<Records> {
  await optionalPackage('hyparquet', () => import('hyparquet'), {
    use: 'A Parquet file is read',
    instead: 'convert the file to CSV',
  });
  const { columns, rows } = await readInThread({ content, path }, seconds);
  return {
    kind: 'parquet',
    unit: 'row',
    dialect: JSON_DIALECT,
    each: (take) => handOut(columns, rows, take),
  };
}

/** In a thread of its own, which ends: damage can make what reads the file run for ever, or fill the heap. */
async function readInThread(request: ParquetRequest, seconds: number): Promise<ParquetColumns> {
  const { promise, resolve, reject } = Promise.withResolvers<ParquetReply>();
  const thread = new Thread({
    name: 'parquet',
    file: 'parquet.js',
    runs: 'own',
    workerData: request,
    resourceLimits: { maxOldGenerationSizeMb: PARQUET_HEAP_MIB },
    heard: resolve,
    ended: (thrown) => reject(unreadable(request.path, messageOf(thrown), thrown)),
  });
  const late = () => reject(unreadable(request.path, `it was not read within ${seconds} seconds`));
  const timer = setTimeout(late, seconds * 1000);
  try {
    const reply = await promise;
    if (reply.kind === 'failed') throw decodeError(reply.error);
    return reply.read;
  } finally {
    clearTimeout(timer);
    await thread.end();
  }
}

function handOut(
  columns: readonly ParquetColumn[],
  rows: number,
  take: (record: readonly string[], at: number) => void,
): void {
  const names = columns.map(({ name }) => (name === PANDAS_INDEX ? 'timestamp' : name));
  const readers = columns.map(readerOf);
  take(names, 1);
  for (let row = 0; row < rows; row++) {
    take(
      readers.map((read) => read(row)),
      row + 1,
    );
  }
}

/** Rows are asked for one after the other, so the part that has one is that of the row before, or the next. */
function readerOf({ parts, kind }: ParquetColumn): (row: number) => string {
  const sorted = [...parts].sort((a, b) => a.start - b.start);
  const cell = { time: timeCell, decimal: decimalCell, other: cellOf }[kind];
  let at = 0;
  return (row) => {
    while (at + 1 < sorted.length && (sorted[at + 1]?.start ?? 0) <= row) at++;
    const part = sorted[at];
    return cell(part?.data[row - part.start]);
  };
}

function timeCell(value: unknown): string {
  const date = new Date(value as number);
  return Number.isNaN(date.getTime()) ? 'null' : date.toISOString();
}

/** Read as a whole number times 0.0001 and the like, which is not the number that was written: 101.01360000000001. */
function decimalCell(value: unknown): string {
  return typeof value === 'number' ? cellOf(Number(value.toPrecision(15))) : cellOf(value);
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : '';
}
