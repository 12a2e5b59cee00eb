import { closeSync, constants, fsyncSync, openSync, writeSync } from 'node:fs';
import { optionalPackage } from '../kernel/optional-package.js';
import {
  type Cell,
  EVENT_COLUMNS,
  type EventColumn,
  type EventRecord,
  eventCells,
} from '../store/sql/event-columns.js';
import { PARQUET_GROUP_CHARACTERS, PARQUET_GROUP_ROWS } from './limits.js';
import type { Sink, SinkOptions } from './sink.js';

/** By what an export is known among the notes of a Parquet file. */
export const PARQUET_KEY = 'millrace.export';

type BasicType = 'INT32' | 'INT64' | 'STRING' | 'TIMESTAMP';

const TYPES: Readonly<Partial<Record<EventColumn, BasicType>>> = {
  position: 'INT64',
  type_version: 'INT32',
  version: 'INT64',
  timestamp: 'TIMESTAMP',
  occurred_at: 'INT64',
  caused_by: 'INT64',
};

/** Columns of a Parquet file, a row group at a time. @throws PackageMissingError */
export async function parquetSink({ path, store }: SinkOptions): Promise<Sink> {
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await optionalPackage(
    'hyparquet-writer',
    () => import('hyparquet-writer'),
    {
      use: 'A Parquet file is written',
      instead: 'export to .db, .jsonl or .csv',
    },
  );
  const file = openSync(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
  );
  let isOpen = true;
  const close = () => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  let rows: Cell[][] = [];
  let characters = 0;
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaFromColumnData({ columnData: columnsOf([]) }),
    kvMetadata: [{ key: PARQUET_KEY, value: store }],
    createdBy: 'millrace',
  });
  const flush = () => {
    const made = bytes.getBytes();
    for (let at = 0; at < made.length; ) at += writeSync(file, made, at);
    bytes.index = 0;
  };
  const group = async () => {
    if (rows.length > 0) await writer.write({ columnData: columnsOf(rows), rowGroupSize: rows.length });
    rows = [];
    characters = 0;
    flush();
  };
  return {
    async write(records: readonly EventRecord[]) {
      for (const record of records) {
        const cells = eventCells(record);
        for (const cell of cells) if (typeof cell === 'string') characters += cell.length;
        rows.push(cells);
        if (rows.length >= PARQUET_GROUP_ROWS || characters >= PARQUET_GROUP_CHARACTERS) await group();
      }
    },
    async finish() {
      await group();
      await writer.finish();
      flush();
      fsyncSync(file);
      close();
    },
    async abandon() {
      close();
    },
  };
}

function columnsOf(rows: readonly (readonly Cell[])[]) {
  return EVENT_COLUMNS.map((name, index) => {
    const type = TYPES[name] ?? 'STRING';
    return { name, type, data: rows.map((row) => parquetValue(type, row[index] ?? null)) };
  });
}

function parquetValue(type: BasicType, cell: Cell): unknown {
  if (cell === null) return null;
  if (type === 'TIMESTAMP') return new Date(cell);
  // Whole milliseconds: a Parquet file has no others.
  return type === 'INT64' ? BigInt(Math.floor(Number(cell))) : cell;
}
