import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { millrace } from '../support/millrace.js';
import { tempFolder } from '../support/temp-folder.js';

const SAMPLE = fileURLToPath(
  new URL('../../node_modules/vega-datasets/data/sp500-2000.csv', import.meta.url),
);
const folder = tempFolder();

const candles = (...args: readonly string[]) => millrace('candles', ...args);

describe('millrace candles', () => {
  test('says what was understood of the S&P 500 candles', async () => {
    const { code, stdout } = await candles(SAMPLE);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /csv, format yahoo, cells separated by commas\n {2}5,105 candles, each stamped with its start/,
    );
    expect(stdout).toMatch(/times are written, read as UTC/);
    expect(stdout).toMatch(/candles {2}5,105 of 1d\nspan {5}2000-01-03 00:00 to 2020-04-17 00:00/);
    expect(stdout).toMatch(/gaps {5}\d+, with \d+ candles missing \(weekends not counted\)/);
    expect(stdout).toMatch(
      /2000-01-03 00:00 .*\n2000-01-04 .*\n2000-01-05 .*\n…\n2020-04-15 .*\n2020-04-16 .*\n2020-04-17 /,
    );
  });

  test('prints the same as JSON, and makes other timeframes', async () => {
    const { stdout } = await candles(SAMPLE, '--json', '--timeframe', '1w');
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      timeframe: '1w',
      madeFrom: '1d',
      sources: [{ rows: 5105, format: 'yahoo' }],
    });
    expect(report.first).toHaveLength(3);
    expect(report.last[2]).toMatchObject({ close: 2874.560059 });
  });

  test('leaves out what is wrong when it is told to, and says so', async () => {
    const path = join(folder, 'wrong.csv');
    writeFileSync(
      path,
      'time;open;high;low;close\n2024-01-01;1;1;1;1\nx\u001b[2J;1;1;1;1\n2024-01-02;1;1;1;1\n',
    );
    expect(await candles(path)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^MILLRACE_INPUT: .*line 3/),
    });
    const { code, stdout } = await candles(path, '--faults', 'skip', '--zone', 'Asia/Seoul');
    expect(code).toBe(0);
    expect(stdout).toMatch(/bad rows {2}1 left out/);
    expect(stdout).toMatch(/3 .*wrong.csv {2}'x\uFFFD\[2J' is not a date/);
    expect(stdout).toContain('read as Asia/Seoul');
    expect(stdout).not.toContain('\u001b');
  });

  test.each([
    [['--zone', 'Atlantis'], /Option zone is 'Atlantis'/],
    [['--timeframe', '5'], /timeframe is '5'/],
    [['--faults', 'ignore'], /Option faults is 'ignore'/],
    [['--tolerance', ''], /Option tolerance is NaN/],
    [['--years', '2100-1970'], /--years is/],
    [['--time-unit', 'minutes'], /Option timeUnit is 'minutes'/],
    [['--form', 'csv'], /There is no option '--form'/],
  ])('%j is wrong usage', async (args, message) => {
    expect(await candles(SAMPLE, ...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
  });

  test('needs a file', async () => {
    expect(await candles()).toMatchObject({ code: 2, stderr: expect.stringMatching(/needs a file/) });
    expect(await candles('none.csv')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/does not exist/),
    });
  });
});
