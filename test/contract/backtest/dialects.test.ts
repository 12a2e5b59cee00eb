import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parseCandles, readCandles, type TimeUnit } from 'millrace/backtest';
import { InputError, InvalidOptionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { DAY } from '../../support/backtest/helpers.js';
import { tempFolder } from '../../support/temp-folder.js';

const START = Date.UTC(2025, 0, 1, 9, 30);
const HEADER = 'time,open,high,low,close';

/** A row for each time. */
function rows(...times: readonly (string | number | bigint)[]): string {
  return times.map((time) => `${time},1,2,1,1\n`).join('');
}

function timesOf(text: string): string[] {
  return [...parseCandles(text).time].map((time) => new Date(time).toISOString());
}

function faultOf(text: string): { message: string; line: unknown } {
  try {
    parseCandles(text, 'x.csv');
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    const { message, details } = error as InputError;
    return { message, line: details.line };
  }
  throw new Error('It was accepted.');
}

const ISO = [0, 1, 2].map((day) => new Date(START + day * DAY).toISOString());
const MS = BigInt(START);

describe('numeric times: one unit for the column', () => {
  test.each<[TimeUnit, (day: bigint) => string | bigint]>([
    ['s', (day) => (MS + day * BigInt(DAY)) / 1000n],
    ['ms', (day) => MS + day * BigInt(DAY)],
    ['us', (day) => (MS + day * BigInt(DAY)) * 1000n],
    ['ns', (day) => (MS + day * BigInt(DAY)) * 1_000_000n],
    ['excel-day', (day) => `${45658n + day}.395833333`],
  ])('%s is found out, and is what the option says', (timeUnit, of) => {
    const text = `${HEADER}\n${rows(of(0n), of(1n), of(2n))}`;
    expect(timesOf(text)).toEqual(ISO);
    expect(parseCandles(text, 'x', { timeUnit }).start).toBe(START);
  });

  test('the close of a candle in microseconds does not become the next minute', () => {
    expect(timesOf(`${HEADER}\n${rows(1735689659999999n)}`)).toEqual(['2025-01-01T00:00:59.999Z']);
  });

  test('every millisecond of a day comes back from nanoseconds as it was', () => {
    for (let ms = START; ms < START + 2_000; ms++) {
      expect(parseCandles(`${HEADER}\n${ms}000000,1,1,1,1\n`).start).toBe(ms);
    }
  });

  test.each([
    [
      'milliseconds, then microseconds',
      [1735603200000, 1735689600000000],
      3,
      /milliseconds.*2024-12-31.*in microseconds it is 2025-01-01/,
    ],
    [
      'microseconds, then milliseconds',
      [1735603200000000, 1735689600000],
      3,
      /microseconds.*in milliseconds it is 2025-01-01/,
    ],
    [
      'seconds, then milliseconds',
      [1735603200, 1735689600000],
      3,
      /seconds.*in milliseconds it is 2025-01-01/,
    ],
    ['no unit at all', ['5000000000000000000000'], 2, /is not a date/],
    ['years', [2023, 2024], 2, /'2023' is not a date.*timeUnit/],
    ['seconds of the year 2200', [7258118400, 7258204800], 2, /is not a date.*timeUnit/],
    ['a year that is not plausible', [-1325376000], 2, /not a date from 1971 to 2100/],
  ] as const)('%s: an error that names line and unit', (_what, times, line, message) => {
    const fault = faultOf(`${HEADER}\n${rows(...times)}`);
    expect(fault.message).toMatch(message);
    expect(fault.line).toBe(line);
  });

  test('other years are plausible when the option says so, and the unit may be given', () => {
    const text = `${HEADER}\n${rows(-1325376000)}`;
    expect(parseCandles(text, 'x', { years: [1900, 2100] }).start).toBe(Date.UTC(1928, 0, 2));
    // Days of early 1970 in milliseconds look like seconds of 1972 to 1975.
    const early = `${HEADER}\n${rows(0, 86_400_000, 172_800_000)}`;
    expect(parseCandles(early, 'x', { timeUnit: 'ms' }).end).toBe(2 * DAY);
    expect(parseCandles(early, 'x').end).toBe(172_800_000_000);
    expect(() => parseCandles(text, 'x', { timeUnit: 'ms', years: [1971, 1972] })).toThrow(/milliseconds/);
  });

  test('the last plausible year belongs to them, to its end', () => {
    const end = Date.UTC(2101, 0, 1) / 1000;
    expect(parseCandles(`${HEADER}\n${rows(end - 1)}`, 'x', { timeUnit: 's' }).start).toBe((end - 1) * 1000);
    expect(() => parseCandles(`${HEADER}\n${rows(end)}`, 'x', { timeUnit: 's' })).toThrow(
      /not a date from 1970/,
    );
  });

  test('milliseconds that begin in 1970 and go on for years are milliseconds', () => {
    const times = Array.from({ length: 400 }, (_, week) => week * 7 * DAY);
    expect(parseCandles(`${HEADER}\n${rows(...times)}`).end).toBe(399 * 7 * DAY);
  });

  test('written dates and numbers do not mix', () => {
    const fault = faultOf(`${HEADER}\n${rows(1735603200, '2025-01-01')}`);
    expect(fault).toMatchObject({
      line: 3,
      message: expect.stringMatching(
        /'2025-01-01' is not a date like those before it, which are epoch numbers/,
      ),
    });
  });

  test.each([
    { timeUnit: 'µs' as TimeUnit },
    { years: [2000] as never },
    { years: [2100, 1970] as const },
    { unit: 'ms' } as never,
  ])('the options %j are refused', (options) => {
    expect(() => parseCandles('', 'x', options)).toThrow(InvalidOptionError);
  });
});

describe('a day and the time of day in two columns', () => {
  test.each([
    ['Date,Time', '2020-04-17,09:30', '2020-04-17T09:30:00.000Z'],
    ['<DATE>,<TIME>', '2020.04.17,09:30:05', '2020-04-17T09:30:05.000Z'],
    ['<DATE>,<TIME>', '20200417,093005', '2020-04-17T09:30:05.000Z'],
    ['date,time', '2020-04-17 00:00:00,09:30:00+01', '2020-04-17T08:30:00.000Z'],
    ['date,time', '2020-04-17,1587115800000', '2020-04-17T09:30:00.000Z'],
    ['date,time', '2020-04-17,2020-04-17T09:30', '2020-04-17T09:30:00.000Z'],
    ['date,time', '2020-04-17T09:30,', '2020-04-17T09:30:00.000Z'],
  ])('%s %s', (names, cells, expected) => {
    expect(timesOf(`${names},open,high,low,close\n${cells},1,1,1,1\n`)).toEqual([expected]);
  });

  test.each(['2020-04-17T08:00,09:30', '2020-04-17,25:00', '17/04/2020,09:30'])('%s is no date', (cells) => {
    expect(faultOf(`date,time,open,high,low,close\n${cells},1,1,1,1\n`)).toMatchObject({
      line: 2,
      message: expect.stringMatching(/is not a date/),
    });
  });
});

describe('dialects', () => {
  const expected = { open: 1234.5, volume: 1000 };
  test.each([
    [
      'semicolons and decimal commas',
      'Date;Open;High;Low;Close;Volume\n2020-01-01;1234,5;1300,0;1,5;2;1000\n',
    ],
    [
      'semicolons, points between thousands',
      'Date;Open;High;Low;Close;Volume\n01.01.2020;1.234,5;1.300;1,5;2;1.000\n',
    ],
    ['semicolons and decimal points', 'Date;Open;High;Low;Close;Volume\n2020-01-01;1234.5;1300;1;2;1000\n'],
    ['tabs', 'Date\tOpen\tHigh\tLow\tClose\tVolume\n2020-01-01\t1234.5\t1300\t1\t2\t1000\n'],
    [
      'tabs, commas between thousands',
      'Date\tOpen\tHigh\tLow\tClose\tVolume\n2020-01-01\t1,234.5\t1,300\t1\t2\t1,000\n',
    ],
    [
      'quotes, commas between thousands',
      'Date,Open,High,Low,Close,Volume\n2020-01-01,"1,234.5","1,300",1,2,"1,000"\n',
    ],
    ['bars', 'Date|Open|High|Low|Close|Volume\n2020-01-01|1234.5|1300|1|2|1000\n'],
    ['Excel’s hint', 'sep=;\r\nDate;Open;High;Low;Close;Volume\r\n2020-01-01;1234,5;1300;1;2;1000\r\n'],
    [
      'a mark, and lines that end in both ways',
      '\uFEFFDate,Open,High,Low,Close,Volume\r\n2020-01-01,1234.5,1300,1,2,1000\n',
    ],
    ['line ends the other way round', 'Date,Open,High,Low,Close,Volume\n2020-01-01,1234.5,1300,1,2,1000\r\n'],
    ['line ends of old', 'Date,Open,High,Low,Close,Volume\r2020-01-01,1234.5,1300,1,2,1000\r'],
    [
      'separators at the end',
      'Date,Open,High,Low,Close,Volume,,\n2020-01-01,1234.5,1300,1,2,1000,,,\n,,,,,\n',
    ],
    ['short names', 't,o,h,l,c,v\n2020-01-01,1234.5,1300,1,2,1000\n'],
    [
      'MetaTrader',
      '<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\n2020.01.01\t1234.5\t1300\t1\t2\t1000\n',
    ],
    [
      'Open time',
      'Open time,Open,High,Low,Close,Volume,Close time\n1577836800000,1234.5,1300,1,2,1000,1577923199999\n',
    ],
    ['date_time', 'Date_Time,Open,High,Low,Close,Volume\n2020-01-01 00:00:00,1234.5,1300,1,2,1000\n'],
  ])('%s', (_what, text) => {
    const candles = parseCandles(text);
    expect({ open: candles.open[0], volume: candles.volume[0] }).toEqual(expected);
    expect(candles.start).toBe(Date.UTC(2020, 0, 1));
  });

  test('two commas in a cell are between thousands, also without a decimal point', () => {
    const text = 'Date;Open;High;Low;Close;Volume\n2020-01-01;1,234;1,300;1;2;1,000,000\n';
    expect(parseCandles(text).volume[0]).toBe(1_000_000);
    expect(parseCandles(text).open[0]).toBe(1234);
  });

  test('newest first: turned round, from three rows on', () => {
    const text = `${HEADER}\n2020-01-03,3,3,3,3\n2020-01-02,2,2,2,2\n2020-01-01,1,1,1,1\n`;
    expect([...parseCandles(text).close]).toEqual([1, 2, 3]);
    expect(timesOf(text)[0]).toBe('2020-01-01T00:00:00.000Z');
    expect(faultOf(`${text}2020-01-05,1,1,1,1\n`)).toMatchObject({ line: 3 });
  });

  test.each([
    ['values without a header, too few', '1577836800000,1,1,1\n', 1, /have no names, .* has 4 cells/],
    ['a row that is too long', `${HEADER}\n2020-01-01,1,5,2,1,1\n`, 2, /6 cells where the header has 5/],
    [
      'groups of a wrong size',
      'time;open;high;low;close\n2020-01-01;1.23,5;9;1;1\n',
      2,
      /open is '1.23,5'.*decimal comma/,
    ],
    ['two marks at odds', 'time;open;high;low;close\n2020-01-01;1,5;1.75;1;1\n', 2, /high is '1.75'/],
    ['characters that drive a terminal', `${HEADER}\n\u001b[2J,1,1,1,1\n`, 2, /'\uFFFD\[2J' is not a date/],
  ])('%s: refused with the line', (_what, text, line, message) => {
    expect(faultOf(text)).toMatchObject({ line, message: expect.stringMatching(message) });
  });
});

describe('files that are not as expected', () => {
  const folder = tempFolder();
  const good = `${HEADER}\n2020-01-01,1,2,1,1\n`;
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  test.each<[string, Uint8Array]>([
    ['gzip', gzipSync(good)],
    ['UTF-16, little end first', Buffer.from(`\uFEFF${good}`, 'utf16le')],
    ['UTF-16, big end first', Buffer.from(`\uFEFF${good}`, 'utf16le').swap16()],
    ['gzip of UTF-16', gzipSync(Buffer.from(`\uFEFF${good}`, 'utf16le'))],
    ['UTF-8 with its mark', Buffer.from(`\uFEFF${good}`)],
  ])('%s is read', (name, content) => {
    expect(readCandles(file(name, content)).start).toBe(Date.UTC(2020, 0, 1));
  });

  const begin = (...bytes: readonly (number | string)[]) =>
    Buffer.concat(
      bytes.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part]))),
    );
  test.each<[string, Uint8Array, RegExp]>([
    [
      'xlsx',
      begin('PK\u0003\u0004', 0, 0, '[Content_Types].xml'),
      /an Excel workbook \(\.xlsx\)\. Save it as CSV/,
    ],
    ['damaged zip', begin('PK\u0003\u0004', 0, 0, 'candles.csv'), /a zip archive, and damaged/],
    ['xls', begin(0xd0, 0xcf, 0x11, 0xe0), /an old Excel workbook/],
    ['parquet', begin('PAR1', 0, 1), /a Parquet file\. Convert it/],
    ['arrow', begin('ARROW1', 0, 0), /a Feather or Arrow file/],
    ['bz2', begin('BZh9'), /bzip2/],
    ['xz', begin(0xfd, '7zXZ', 0), /xz/],
    ['zst', begin(0x28, 0xb5, 0x2f, 0xfd), /zstd/],
    ['sqlite', begin('SQLite format 3', 0), /an SQLite database/],
    ['tgz', gzipSync(begin('a'.padEnd(257, '\0'), 'ustar')), /a tar archive/],
    ['gzip of a workbook', gzipSync(begin('PK\u0003\u0004', 0, 'xl/workbook.xml')), /an Excel workbook/],
    ['UTF-16 without a mark', Buffer.from(good, 'utf16le'), /UTF-16 text without a byte order mark/],
    ['UTF-32', begin(0xff, 0xfe, 0, 0, 'd', 0, 0, 0), /UTF-32/],
    ['html', begin('\n<!DOCTYPE html><html>'), /a web page/],
    ['json of something else', begin('{"a":[1577836800000,"1"]}'), /is JSON, but no list of candles/],
    ['damaged json', begin('[[1577836800000,"1"'), /not well-formed JSON/],
    ['NULs', begin('date,open\n', 0, 0, 0), /NUL bytes/],
    ['damaged gzip', gzipSync(good).subarray(0, 20), /compressed with gzip, and damaged/],
  ])('%s: says what it is, and what to do', (name, content, message) => {
    const path = file(name, content);
    expect(() => readCandles(path)).toThrow(InputError);
    expect(() => readCandles(path)).toThrow(message);
  });

  test('gzip that unpacks to more than the limit is refused, not unpacked', () => {
    const bomb = file('bomb.gz', gzipSync(Buffer.alloc(129 * 1024 * 1024, 'a')));
    expect(() => readCandles(bomb)).toThrow(/unpacks to more than the limit of 134217728 bytes/);
  });

  test('a device without end is read up to the limit, and no further', () => {
    expect(() => readCandles('/dev/zero')).toThrow(/'\/dev\/zero' goes on; the limit is 134217728 bytes/);
    expect(() => readCandles('/dev/null')).toThrow(/is empty/);
  });

  test('a pipe is read to its end', () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const { error } = spawnSync('sh', ['-c', 'printf "%s" "$TEXT" > "$FIFO" &'], {
      env: { ...process.env, TEXT: good, FIFO: path },
      stdio: 'ignore',
    });
    expect(error).toBeUndefined();
    expect(readCandles(path).length).toBe(1);
  });

  test('the command takes the unit and the years', () => {
    const path = file('early.csv', `${HEADER}\n${rows(0, 86_400_000)}`);
    const command = fileURLToPath(new URL('../../../dist/src/cli/millrace.js', import.meta.url));
    const run = (...options: readonly string[]) =>
      spawnSync(
        process.execPath,
        [
          command,
          'sweep',
          '--input',
          path,
          '--threads',
          '0',
          '--store',
          join(folder, `${options.length}.db`),
          ...options,
        ],
        { encoding: 'utf8' },
      );
    expect(run('--time-unit', 'ms').stdout).toContain('(1d, 1970-01-01 to 1970-01-02)');
    expect(run('--years', '1971-2100', '--json').stderr).toMatch(/MILLRACE_INPUT: .*line 2/);
    for (const wrong of [
      ['--time-unit', 'minutes'],
      ['--years', '1970'],
      ['--years', '2100-1970'],
    ]) {
      expect(run(...wrong)).toMatchObject({ status: 2, stdout: '' });
    }
  });
});
