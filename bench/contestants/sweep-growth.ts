import { join } from 'node:path';
import { sweep } from 'millrace/backtest';
import { minutes } from '../support/minutes.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';
import type { Scratch } from '../support/spawn.js';

export interface SweepGrowthRun {
  readonly where: 'memory' | 'store';
  readonly runs: number;
}

const CANDLES = 200;
const LENGTHS = [2, 3, 5, 7, 9, 11, 13, 15, 17, 19];
const ENTRIES = [20, 25, 30, 35, 40, 42, 44, 46, 48, 49.5];

/** Resident memory of a sweep of very many short runs when a tenth, half and all of them are over. */
export default async function run({ where, runs, directory }: SweepGrowthRun & Scratch): Promise<Sample> {
  const seen = new Map<number, number>();
  const marks = [runs / 10, runs / 2, runs];
  const stops = runs / (LENGTHS.length * ENTRIES.length);
  const watch = new Stopwatch();
  const result = await sweep({
    candles: minutes(CANDLES),
    strategy: 'rsi',
    grid: {
      length: LENGTHS,
      entry: ENTRIES,
      exit: [60],
      stop: Array.from({ length: stops }, (_, index) => index / stops / 2),
    },
    level: 'summary',
    threads: 1,
    ...(where === 'store' && { store: join(directory, 'sweep.db') }),
    onProgress: ({ finished }) => {
      if (marks.includes(finished) && !seen.has(finished)) seen.set(finished, residentMegabytes());
    },
  });
  check('runs', result.finished, runs);
  const [tenth = 0, half = 0, all = 0] = marks.map((mark) => seen.get(mark));
  return watch.stop(runs, { 'MB at a tenth': tenth, 'MB at half': half, 'MB at the end': all });
}

function residentMegabytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 2 ** 20;
}
