import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { InputError } from '../../faces/errors.js';
import { optionalPackage } from '../../kernel/optional-package.js';
import { MAX_CANDLE_BYTES } from './limits.js';
import { JSON_DIALECT, type Records } from './records.js';

type Hyparquet = typeof import('hyparquet');
type Metadata = ReturnType<Hyparquet['parquetMetadata']>;
type Column = ArrayLike<unknown>;

/** What hyparquet does not unpack itself, by Node.js; none may become larger than its page says. */
const COMPRESSORS = {
  GZIP: (input: Uint8Array, size: number) => gunzipSync(input, { maxOutputLength: size }),
  BROTLI: (input: Uint8Array, size: number) => brotliDecompressSync(input, { maxOutputLength: size }),
  ZSTD: (input: Uint8Array, size: number) => zstdDecompressSync(input, { maxOutputLength: size }),
};

/** The index of a pandas frame that has no name of its own. */
const PANDAS_INDEX = '__index_level_0__';

export function isParquet(content: Buffer): boolean {
  return content.subarray(0, 4).toString('latin1') === 'PAR1';
}

/**
 * The rows of a Parquet file, as if they were those of a JSON document: its columns of plain values, by their names.
 *
 * @throws PackageMissingError without hyparquet. InputError for a file that is damaged or too large.
 */
export async function parquetRecords(content: Buffer, path: string): Promise<Records> {
  const hyparquet = await optionalPackage('hyparquet', () => import('hyparquet'), {
    use: 'A Parquet file is read',
    instead: 'convert the file to CSV',
  });
  const file = new Uint8Array(content).buffer;
  try {
    const metadata = hyparquet.parquetMetadata(file);
    const names = plainColumns(hyparquet, metadata);
    const groups = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
    checkParquetSize(Math.max(groups, Number(metadata.num_rows)), names.length, path);
    const columns = await columnsOf(hyparquet, file, metadata, names);
    return {
      kind: 'parquet',
      unit: 'row',
      dialect: JSON_DIALECT,
      each: (take) => handOut(columns, Number(metadata.num_rows), take),
    };
  } catch (error) {
    if (error instanceof InputError) throw error;
    const why = (error as Error).message.slice(0, 200).replace(/\p{C}/gu, '\uFFFD');
    throw new InputError(`'${path}' is a Parquet file that cannot be read: ${why}.`, { cause: error });
  }
}

/**
 * By what the file says of itself, before anything is unpacked: a run of equal values takes a few bytes in it, and eight each in
 * memory. @throws InputError
 */
export function checkParquetSize(rows: number, columns: number, path: string): void {
  if (rows * columns * Float64Array.BYTES_PER_ELEMENT <= MAX_CANDLE_BYTES) return;
  throw new InputError(
    `'${path}' has ${rows} rows of ${columns} columns, and unpacks to more than the limit of ${MAX_CANDLE_BYTES} bytes. Split it, or use a coarser timeframe.`,
    { details: { limit: MAX_CANDLE_BYTES } },
  );
}

/** Lists and structures are none of a candle's. */
function plainColumns(hyparquet: Hyparquet, metadata: Metadata): readonly string[] {
  const { children } = hyparquet.parquetSchema(metadata);
  return children.filter((child) => child.children.length === 0).map(({ element }) => element.name);
}

async function columnsOf(
  hyparquet: Hyparquet,
  file: ArrayBuffer,
  metadata: Metadata,
  names: readonly string[],
) {
  const columns = new Map<string, { readonly start: number; readonly data: Column }[]>(
    names.map((name) => [name, []]),
  );
  await hyparquet.parquetRead({
    file,
    metadata,
    columns: [...names],
    compressors: COMPRESSORS,
    onChunk: ({ columnName, columnData, rowStart }) =>
      columns.get(columnName)?.push({ start: rowStart, data: columnData }),
  });
  return columns;
}

function handOut(
  columns: ReadonlyMap<string, readonly { readonly start: number; readonly data: Column }[]>,
  rows: number,
  take: (record: readonly string[], at: number) => void,
): void {
  const names = [...columns.keys()].map((name) => (name === PANDAS_INDEX ? 'timestamp' : name));
  const readers = [...columns.values()].map(readerOf);
  take(names, 1);
  for (let row = 0; row < rows; row++) {
    take(
      readers.map((read) => cellOf(read(row))),
      row + 1,
    );
  }
}

/** Rows are asked for one after the other, so the part that has one is that of the row before, or the next. */
function readerOf(parts: readonly { readonly start: number; readonly data: Column }[]) {
  const sorted = [...parts].sort((a, b) => a.start - b.start);
  let at = 0;
  return (row: number): unknown => {
    while (at + 1 < sorted.length && (sorted[at + 1]?.start ?? 0) <= row) at++;
    const part = sorted[at];
    return part?.data[row - part.start];
  };
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'null' : value.toISOString();
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : '';
}
