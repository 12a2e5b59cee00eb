import { optionalPackage } from '../../kernel/optional-package.js';
import { checkResult, oneOf } from '../given.js';
import type { BacktestResult } from '../runs/result.js';
import { type CsvTable, isTimeColumn, TABLES, tableOf } from './export.js';

/**
 * A table of a result as the bytes of a Parquet file: as `resultCsv`, with times as timestamps, numbers as doubles, and null where a
 * value is missing. `writeFileSync('trades.parquet', await resultParquet(result, 'trades'))`.
 *
 * @throws InvalidOptionError for what is no table. PackageMissingError without the package `hyparquet-writer`.
 */
export async function resultParquet(result: BacktestResult, table: CsvTable): Promise<Uint8Array> {
  checkResult('resultParquet', result);
  oneOf("resultParquet: 'table'", table, TABLES);
  const { parquetWriteBuffer } = await optionalPackage('hyparquet-writer', () => import('hyparquet-writer'), {
    use: 'A Parquet file is written',
    instead: 'write CSV with resultCsv',
  });
  const { names, rows } = tableOf(result, table);
  const columnData = names.map((name) => {
    const values = rows.map((row) => known((row as Record<string, unknown>)[name]));
    const type = typeOf(name, values);
    const data = type === 'TIMESTAMP' ? values.map((value) => value && new Date(value as number)) : values;
    return { name, type, data, nullable: true };
  });
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

function known(value: unknown): unknown {
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** By the first value that there is; a column without any is of numbers. */
function typeOf(name: string, values: readonly unknown[]): 'TIMESTAMP' | 'STRING' | 'BOOLEAN' | 'DOUBLE' {
  if (isTimeColumn(name)) return 'TIMESTAMP';
  const first = values.find((value) => value !== null);
  if (typeof first === 'string') return 'STRING';
  return typeof first === 'boolean' ? 'BOOLEAN' : 'DOUBLE';
}
