import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import {
  importCandles,
  loadCandles,
  loadFiner,
  loadStrategy,
  readCandles,
  readTrades,
  resultCsv,
  resultParquet,
  runBacktest,
} from 'millrace/backtest';
import { InputError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { parquetRecords } from '../../../dist/src/backtest/candles/parquet.js';
import { checkParquetSize } from '../../../dist/src/backtest/candles/parquet-file.js';
import { randomCandles } from '../../support/backtest/helpers.js';
import { runNode } from '../../support/backtest/run-node.js';
import { millraceElsewhere as millrace } from '../../support/millrace.js';
import { tempFolder } from '../../support/temp-folder.js';

const candles = randomCandles(17, 500);

type Columns = Parameters<typeof parquetWriteBuffer>[0]['columnData'];
type Options = Omit<Parameters<typeof parquetWriteBuffer>[0], 'columnData'>;

function fileOf(columnData: Columns, options: Options = {}): string {
  const path = join(tempFolder(), 'candles.parquet');
  writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData, ...options })));
  return path;
}

const prices = (['open', 'high', 'low', 'close'] as const).map((name) => ({
  name,
  data: [...candles[name]],
}));
const volume = { name: 'volume', data: [...candles.volume] };
const dates = [...candles.time].map((time) => new Date(time));

describe('candles in a Parquet file', () => {
  test.each([
    ['timestamps', { name: 'date', data: dates, type: 'TIMESTAMP' }],
    [
      '64-bit numbers of milliseconds',
      { name: 'open_time', data: [...candles.time].map(BigInt), type: 'INT64' },
    ],
    [
      '64-bit numbers of nanoseconds',
      { name: 'ts', data: [...candles.time].map((time) => BigInt(time) * 1_000_000n), type: 'INT64' },
    ],
    ['texts', { name: 'time', data: dates.map((date) => date.toISOString()), type: 'STRING' }],
    ['the index of a pandas frame', { name: '__index_level_0__', data: dates, type: 'TIMESTAMP' }],
  ] as const)('are those of the same rows as CSV, with %s as times', async (_, time) => {
    const { candles: read, report } = await loadCandles(fileOf([...prices, volume, time] as Columns));
    expect(read.hash()).toBe(candles.hash());
    expect(report).toMatchObject({
      candles: 500,
      timeframe: '1d',
      sources: [{ kind: 'parquet', packed: null }],
    });
  });

  test.each([
    ['not compressed', { codec: 'UNCOMPRESSED' }],
    ['snappy', { codec: 'SNAPPY' }],
    ['gzip', { codec: 'GZIP', compressors: { GZIP: (bytes: Uint8Array) => gzipSync(bytes) } }],
    [
      'brotli',
      { codec: 'BROTLI', compressors: { BROTLI: (bytes: Uint8Array) => brotliCompressSync(bytes) } },
    ],
    ['zstd', { codec: 'ZSTD', compressors: { ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes) } }],
  ] as const)('are read when it is %s, in row groups of any size', async (_, options) => {
    const time = { name: 'time', data: dates, type: 'TIMESTAMP' } as const;
    for (const rowGroupSize of [7, 500]) {
      const path = fileOf([time, ...prices, volume], { ...options, rowGroupSize } as Options);
      expect((await loadCandles(path)).candles.hash()).toBe(candles.hash());
    }
  });

  test('may be of funding rates, of another order, joined with CSV, and read with the options of all files', async () => {
    const time = { name: 'time', data: dates, type: 'TIMESTAMP' } as const;
    const funding = {
      name: 'funding_rate',
      data: dates.map((_, at) => (at % 8 === 0 ? 0.0001 : null)),
      nullable: true,
    };
    const path = fileOf([time, ...prices, { ...funding, type: 'DOUBLE' }]);
    const read = await loadCandles(path, { timeframe: '5d' });
    expect(read.report).toMatchObject({ madeFrom: '1d', timeframe: '5d' });
    expect((await loadCandles(path)).candles.funding?.slice(0, 9)).toEqual(
      Float64Array.of(0.0001, 0, 0, 0, 0, 0, 0, 0, 0.0001),
    );
    const newest = [time, ...prices].map((column) => ({
      ...column,
      data: [...column.data].reverse(),
    })) as Columns;
    expect((await loadCandles(fileOf(newest))).report.sources[0]?.newestFirst).toBe(true);
    const csv = join(tempFolder(), 'more.csv');
    writeFileSync(csv, `time,open,high,low,close\n${candles.end + 86_400_000},1,1,1,1\n`);
    expect((await loadCandles([fileOf([time, ...prices]), csv])).candles.length).toBe(501);
    expect((await loadCandles(csv)).candles.hash()).toBe(readCandles(csv).hash());
  });

  test('may be trades, of which candles are made, or which decide within candles', async () => {
    const data = [...candles.time].flatMap((time) => [0, 1, 2].map((step) => new Date(time + step)));
    const price = data.map((_, at) => 100 + (at % 7));
    const path = fileOf([
      { name: 'time', data, type: 'TIMESTAMP' },
      { name: 'price', data: price, type: 'DOUBLE' },
      { name: 'quantity', data: price.map(() => 1), type: 'DOUBLE' },
    ]);
    expect((await loadCandles(path, { timeframe: '1d' })).report).toMatchObject({
      candles: 500,
      madeFrom: 'trades',
    });
    expect(await loadFiner(path)).toMatchObject({ length: 1500 });
  });

  const decimal = { type: 'INT64', scale: 4, precision: 18 } as const;
  const raw = (column: { readonly data: readonly number[] }) =>
    column.data.map((price) => BigInt(Math.round(price * 10_000)));
  test.each([
    ['and says so in both places', { ...decimal, converted_type: 'DECIMAL' }, false],
    [
      'and says so in the newer place only',
      { ...decimal, logical_type: { type: 'DECIMAL', scale: 4, precision: 18 } },
      true,
    ],
  ] as const)('may have prices as decimals: those that were written, where a file has them %s', async (_, type, isRaw) => {
    const rounded = prices.map((column) => ({
      ...column,
      data: raw(column).map((units) => Number(units) / 10_000),
    }));
    const time = { name: 'time', data: dates };
    const columns = rounded.map((column) => (isRaw ? { ...column, data: raw(column) } : column));
    const schema = [
      { name: 'root', num_children: 5 },
      { name: 'time', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
      ...prices.map(({ name }) => ({ name, ...type })),
    ];
    const { candles: read } = await loadCandles(fileOf([time, ...columns] as Columns, { schema } as Options));
    for (const { name, data } of rounded) expect([...read[name]]).toEqual(data);
  });

  test('are named by their row where they are wrong', async () => {
    const time = { name: 'time', data: dates, type: 'TIMESTAMP' } as const;
    const wrong = prices.map((column) =>
      column.name === 'high' ? { ...column, data: column.data.with(6, 0.1) } : column,
    );
    const path = fileOf([time, ...wrong]);
    await expect(loadCandles(path)).rejects.toThrow(InputError);
    await expect(loadCandles(path)).rejects.toThrow(/row 7: high 0.1 is below/);
  });
});

describe('a Parquet file that cannot be read is an error with a code', () => {
  const time = { name: 'time', data: dates, type: 'TIMESTAMP' } as const;
  const whole = () => new Uint8Array(parquetWriteBuffer({ columnData: [time, ...prices] }));
  const written = (bytes: Uint8Array) => {
    const path = join(tempFolder(), 'x.parquet');
    writeFileSync(path, bytes);
    return path;
  };

  test('whatever of it is damaged', async () => {
    const bytes = whole();
    for (const broken of [bytes.slice(0, 4), bytes.slice(0, bytes.length >> 1), bytes.slice(0, -9)]) {
      await expect(loadCandles(written(broken))).rejects.toThrow(InputError);
    }
    let state = 3;
    for (let round = 0; round < 60; round++) {
      const flipped = whole();
      for (let at = 0; at < 20; at++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        flipped[4 + (state % (flipped.length - 4))] = state >>> 24;
      }
      // It may be that nothing that matters was changed; whatever else is told with a code.
      const error = await loadCandles(written(flipped)).catch((thrown: unknown) => thrown);
      if (error instanceof Error)
        expect((error as { code?: string }).code, String(error)).toMatch(/^MILLRACE_/);
    }
  });

  test('where one bit of a page header is another: nothing is waited for, and nothing is taken up', async () => {
    const FIELD_OF_32_BITS = 0x15;
    const bytes = whole();
    const fields = [4, 5, 6, 7, 8, 9, 10, 11, 12].filter((at) => bytes[at] === FIELD_OF_32_BITS);
    expect(fields.length).toBeGreaterThan(1);
    for (const at of fields) {
      // Without its size, or its kind, the page was gone through for ever.
      const flipped = bytes.with(at, FIELD_OF_32_BITS ^ 4);
      await expect(loadCandles(written(flipped))).rejects.toThrow(
        /cannot be read: (a page has (no size|more)|a column has|parquet)/,
      );
    }
  });

  test('where what reads it comes to no end', async () => {
    // A literal of snappy that is as long as it says ends before it has begun.
    const endless = Uint8Array.of(1, 0xfc, 0xf0, 0xff, 0xff, 0xff, 0, 0, 0, 0);
    const columnData = [{ ...time, data: dates.slice(0, 1) }];
    const options = { codec: 'SNAPPY', compressors: { SNAPPY: () => endless } } as const;
    const file = Buffer.from(parquetWriteBuffer({ columnData, ...options }));
    await expect(parquetRecords(file, 'x.parquet', 2)).rejects.toThrow(InputError);
    await expect(parquetRecords(file, 'x.parquet', 1)).rejects.toThrow(/not read within 1 seconds/);
  });

  test('where two columns have one name', async () => {
    const twice = [time, ...prices, { ...time, data: dates }].map((column) => ({ ...column }));
    await expect(loadCandles(fileOf(twice as Columns))).rejects.toThrow(/two columns named 'time'/);
  });

  test('where readCandles is asked, which says what reads it', () => {
    const path = written(whole());
    for (const read of [readCandles, importCandles, readTrades]) {
      expect(() => read(path)).toThrow(
        /it is a Parquet file. Convert it to CSV, or read it with loadCandles/,
      );
    }
  });

  test('where it says that it unpacks to more than a file may: before anything is', () => {
    const most = (128 * 1024 * 1024) / 8 / 6;
    expect(() => checkParquetSize(Math.floor(most), 6, 'x.parquet')).not.toThrow();
    expect(() => checkParquetSize(Math.ceil(most), 6, 'x.parquet')).toThrow(InputError);
    expect(() => checkParquetSize(Number.POSITIVE_INFINITY, 1, 'x.parquet')).toThrow(
      /unpacks to more than the limit/,
    );
  });

  test('where the package is not installed, which it names', async () => {
    const folder = join(tempFolder(), 'node_modules');
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    cpSync(join(root, 'dist'), join(folder, 'millrace/dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(folder, 'millrace/package.json'));
    for (const name of ['zod', 'csv-parse', 'msgpackr', 'piscina', 'better-sqlite3', '.cache']) {
      symlinkSync(join(root, 'node_modules', name), join(folder, name));
    }
    const program = join(folder, '../program.mjs');
    const file = JSON.stringify(written(whole()));
    writeFileSync(
      program,
      `import { loadCandles, loadStrategy, parseCandles, resultParquet, runBacktest } from 'millrace/backtest';
       const days = Array.from({ length: 60 }, (_, day) => new Date(86400000 * day).toISOString() + ',1,2,1,2,1');
       const candles = parseCandles(['time,open,high,low,close,volume', ...days].join('\\n'));
       const result = runBacktest({ candles, strategy: await loadStrategy('buy-and-hold') });
       for (const call of [loadCandles(${file}), resultParquet(result, 'trades')])
         await call.catch(({ code, message, details }) => console.log(code, details.package, /npm install/.test(message)));`,
    );
    const { stdout } = await runNode([program]);
    expect(stdout).toBe(
      'MILLRACE_PACKAGE_MISSING hyparquet true\nMILLRACE_PACKAGE_MISSING hyparquet-writer true\n',
    );
  });
});

test('the commands take Parquet files as any other', async () => {
  const path = fileOf([{ name: 'time', data: dates, type: 'TIMESTAMP' }, ...prices, volume]);
  const shown = await millrace('candles', path);
  expect(shown.stdout).toMatch(/^candles +500 of 1d$/m);
  const run = await millrace('backtest', path, '--strategy', 'ma-cross', '--json');
  const { finalCapital } = runBacktest({ candles, strategy: await loadStrategy('ma-cross') });
  expect(JSON.parse(run.stdout).finalCapital).toBe(finalCapital);
});

test.each([
  'trades',
  'orders',
  'fills',
  'equity',
] as const)('the %s of a result are a Parquet file with the rows of the CSV', async (table) => {
  const result = runBacktest({ candles, strategy: await loadStrategy('ma-cross') });
  const bytes = await resultParquet(result, table);
  const rows = (await parquetReadObjects({ file: bytes.buffer as ArrayBuffer })) as Record<string, unknown>[];
  const cell = (value: unknown) => {
    if (value === null || value === undefined) return '';
    return value instanceof Date ? value.toISOString() : String(value);
  };
  const [head = '', ...lines] = resultCsv(result, table).trimEnd().split('\n');
  const names = head.split(',');
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.map((row) => names.map((name) => cell(row[name])).join())).toEqual(lines);
  expect((await resultParquet({ ...result, trades: [] }, 'trades')).length).toBeGreaterThan(100);
  await expect(resultParquet(result, 'plots' as never)).rejects.toThrow(
    /'table' is 'plots'; it must be one of trades/,
  );
});
