import { InputError } from '../../faces/errors.js';
import { MAX_PARQUET_PAGE_BYTES } from './limits.js';

type Metadata = ReturnType<typeof import('hyparquet')['parquetMetadata']>;
type ReadHeader = typeof import('hyparquet/src/column.js')['parquetHeader'];
type Header = ReturnType<ReadHeader>;
type Chunk = NonNullable<Metadata['row_groups'][number]['columns'][number]['meta_data']>;

/**
 * Goes through the headers of all pages of the columns that will be read, before any of them is. What reads them believes
 * them: a size that is not there is a loop without end, and a number of values as much memory.
 *
 * @throws InputError when they unpack to too much. An Error for what cannot be.
 */
export function checkPages(
  file: ArrayBuffer,
  { row_groups: groups }: Metadata,
  names: readonly string[],
  read: { readonly header: ReadHeader; readonly path: string },
): void {
  let bytes = 0;
  for (const { columns, num_rows: rows } of groups) {
    for (const { meta_data: chunk } of columns) {
      if (chunk === undefined || !names.includes(chunk.path_in_schema[0] ?? '')) continue;
      bytes += checkChunk(file, chunk, Number(rows), read.header);
      if (bytes <= MAX_PARQUET_PAGE_BYTES) continue;
      throw new InputError(
        `'${read.path}' unpacks to more than the limit of ${MAX_PARQUET_PAGE_BYTES} bytes. Split it, or use a coarser timeframe.`,
        { details: { limit: MAX_PARQUET_PAGE_BYTES } },
      );
    }
  }
}

/** @returns the bytes that the pages of one column in one row group unpack to. */
function checkChunk(file: ArrayBuffer, chunk: Chunk, rows: number, readHeader: ReadHeader): number {
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  const size = Number(chunk.total_compressed_size);
  if (!isSize(start, file.byteLength) || !isSize(size, file.byteLength - start)) {
    throw new Error('a column lies outside of the file');
  }
  const reader = { view: new DataView(file, start, size), offset: 0 };
  let bytes = 0;
  let values = 0;
  while (values < rows) {
    if (reader.offset >= size) throw new Error(`a column has ${values} values, and its group ${rows} rows`);
    const header = readHeader(reader);
    const { compressed_page_size: packed, uncompressed_page_size: unpacked } = header;
    if (!isSize(packed, size - reader.offset) || !isSize(unpacked, Number.MAX_SAFE_INTEGER)) {
      throw new Error('a page has no size, or more than the file');
    }
    values += valuesOf(header, rows - values);
    bytes += unpacked;
    reader.offset += packed;
  }
  return bytes;
}

/** Rows in a page: none in a dictionary. */
function valuesOf(header: Header, most: number): number {
  const { type, compressed_page_size: packed, data_page_header: v1, data_page_header_v2: v2 } = header;
  if (type === 'DICTIONARY_PAGE') return 0;
  const values = type === 'DATA_PAGE_V2' ? v2?.num_rows : v1?.num_values;
  if (!isSize(values, most)) throw new Error('a page has more values than its group has rows');
  if (type !== 'DATA_PAGE_V2') return values;
  const { num_values, num_nulls, definition_levels_byte_length, repetition_levels_byte_length } = v2 as {
    [name in keyof NonNullable<typeof v2>]: unknown;
  };
  const levels = [definition_levels_byte_length, repetition_levels_byte_length];
  const areLevels = levels.every((length) => isSize(length, packed));
  if (num_values === values && isSize(num_nulls, values) && areLevels) return values;
  throw new Error('a page has more levels or empty values than values');
}

function isSize(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}
