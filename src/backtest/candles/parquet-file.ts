import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { InputError } from '../../faces/errors.js';
import { MAX_CANDLE_BYTES } from './limits.js';
import { checkPages } from './parquet-pages.js';

type Hyparquet = typeof import('hyparquet');
type Metadata = ReturnType<Hyparquet['parquetMetadata']>;

/** The columns of plain values in a file, as the thread that reads it posts them. */
export interface ParquetColumns {
  readonly rows: number;
  readonly columns: readonly ParquetColumn[];
}

export interface ParquetColumn {
  readonly name: string;
  /** Parts of it, each from its row on. Of times they are epoch milliseconds, NaN for none. */
  readonly parts: readonly { readonly start: number; readonly data: ArrayLike<unknown> }[];
  readonly kind: 'time' | 'decimal' | 'other';
}

/** What hyparquet does not unpack itself, by Node.js; none may become larger than its page says. */
const COMPRESSORS = {
  GZIP: (input: Uint8Array, size: number) => gunzipSync(input, { maxOutputLength: size }),
  BROTLI: (input: Uint8Array, size: number) => brotliDecompressSync(input, { maxOutputLength: size }),
  ZSTD: (input: Uint8Array, size: number) => zstdDecompressSync(input, { maxOutputLength: size }),
};

/**
 * Reads a Parquet file. Of a damaged one this may not end, or take all memory: it runs in a thread that can be ended.
 *
 * @throws InputError for a file that is too large, or damaged.
 */
export async function readParquet(content: Uint8Array, path: string): Promise<ParquetColumns> {
  const [hyparquet, { parquetHeader }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet/src/column.js'),
  ]);
  const file = new Uint8Array(content).buffer;
  try {
    const metadata = hyparquet.parquetMetadata(file);
    const elements = plainColumns(hyparquet, metadata);
    const names = elements.map(({ name }) => name);
    checkParquetSize(rowsOf(metadata), names.length, path);
    checkPages(file, metadata, names, { header: parquetHeader, path });
    const columns = await columnsOf(hyparquet, file, metadata, elements);
    return { rows: Number(metadata.num_rows), columns };
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw unreadable(path, (error as Error).message, error);
  }
}

export function unreadable(path: string, why: string, cause?: unknown): InputError {
  const shown = why.slice(0, 200).replace(/\p{C}/gu, '\uFFFD');
  return new InputError(`'${path}' is a Parquet file that cannot be read: ${shown}.`, { cause });
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

/** Of all its groups, which must be as many as the file says that it has. */
function rowsOf({ row_groups: groups, num_rows: all }: Metadata): number {
  let sum = 0;
  for (const { num_rows: rows } of groups) {
    if (!(rows >= 0)) throw new Error('a group has no number of rows');
    sum += Number(rows);
  }
  if (sum !== Number(all)) throw new Error(`it has ${all} rows, and its groups ${sum}`);
  return sum;
}

/** Lists and structures are none of a candle's. */
function plainColumns(hyparquet: Hyparquet, metadata: Metadata) {
  const elements = hyparquet
    .parquetSchema(metadata)
    .children.filter(
      ({ children, element }) => children.length === 0 && element.repetition_type !== 'REPEATED',
    )
    .map(({ element }) => element);
  const names = elements.map(({ name }) => name);
  if (names.some((name) => typeof name !== 'string')) throw new Error('a column has no name');
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new Error(`it has two columns named '${twice}'`);
  for (const element of elements) {
    // Some writers say it in the newer of two places only, and hyparquet looks into the older.
    if (element.logical_type?.type !== 'DECIMAL') continue;
    element.converted_type = 'DECIMAL';
    element.scale ??= element.logical_type.scale;
  }
  return elements;
}

async function columnsOf(
  hyparquet: Hyparquet,
  file: ArrayBuffer,
  metadata: Metadata,
  elements: ReturnType<typeof plainColumns>,
): Promise<readonly ParquetColumn[]> {
  const parts = new Map<string, { readonly start: number; readonly data: ArrayLike<unknown> }[]>(
    elements.map(({ name }) => [name, []]),
  );
  await hyparquet.parquetRead({
    file,
    metadata,
    columns: [...parts.keys()],
    compressors: COMPRESSORS,
    onChunk: ({ columnName, columnData, rowStart }) =>
      parts.get(columnName)?.push({ start: rowStart, data: columnData }),
  });
  return elements.map(({ name, converted_type }) => columnOf(name, converted_type, parts.get(name) ?? []));
}

/** Times as numbers: a Date takes ten times the memory, and as much time to be posted. */
function columnOf(name: string, type: string | undefined, parts: ParquetColumn['parts']): ParquetColumn {
  const isTime = parts.some(({ data }) => Array.prototype.some.call(data, (value) => value instanceof Date));
  if (!isTime) return { name, parts, kind: type === 'DECIMAL' ? 'decimal' : 'other' };
  const numbers = parts.map(({ start, data }) => ({
    start,
    data: Float64Array.from(data, (value) => (value instanceof Date ? value.getTime() : Number.NaN)),
  }));
  return { name, parts: numbers, kind: 'time' };
}
