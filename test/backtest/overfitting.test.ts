import { probabilityOfOverfitting, sweep } from 'millrace/backtest';
import { InvalidOptionError } from 'millrace/errors';
import { describe, expect, test, vi } from 'vitest';
import { randomCandles } from './helpers.js';

// Engines are opened here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

/** Returns of one run, from a generator that any language has: the same numbers were computed elsewhere. */
function series(seed: number, length: number, drift: number): number[] {
  let state = seed;
  return Array.from({ length }, () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return (state / 2 ** 32) * 0.02 - 0.01 + drift;
  });
}

const seven = Array.from({ length: 7 }, (_, run) => series(run + 1, 24, 0.0004 * run));
const twenty = Array.from({ length: 20 }, (_, run) => series(100 + run, 130, 0));
/** Three runs of eight returns. */
const three = [
  [0.01, -0.02, 0.03, 0.01, 0.02, -0.01, 0, 0.04],
  [0.02, 0.01, -0.03, 0.02, -0.02, 0.01, 0.03, -0.01],
  [-0.01, 0.03, 0.01, -0.02, 0.01, 0.02, -0.04, 0.02],
];

/**
 * Counted by a program of 20 lines in Python, from the paper alone: itertools.combinations over the parts, mean over
 * pstdev of the joined parts, rank by sorting, logit of rank over N + 1.
 */
const COUNTED = [
  { name: 'three runs in 4 parts', returns: three, blocks: 4, splits: 6, below: 4, lost: 2 },
  { name: 'seven runs in 4 parts', returns: seven, blocks: 4, splits: 6, below: 0, lost: 0 },
  { name: 'seven runs in 6 parts', returns: seven, blocks: 6, splits: 20, below: 4, lost: 2 },
  { name: 'seven runs in 8 parts', returns: seven, blocks: 8, splits: 70, below: 5, lost: 2 },
  { name: 'twenty runs in 16 parts', returns: twenty, blocks: 16, splits: 12_870, below: 6296, lost: 7028 },
];

describe('the probability of overfitting', () => {
  test.each(COUNTED)('$name: as it was counted elsewhere', ({ returns, blocks, splits, below, lost }) => {
    const found = probabilityOfOverfitting(returns, blocks);
    expect(found).toMatchObject({ runs: returns.length, blocks, splits });
    expect([(found?.probability ?? 0) * splits, (found?.probabilityOfLoss ?? 0) * splits]).toEqual([
      expect.closeTo(below, 6),
      expect.closeTo(lost, 6),
    ]);
  });

  test('is 0 where one run is the best in every part, and 1 where the best of one half is the worst of the other', () => {
    const waves = Array.from({ length: 32 }, (_, index) => (index % 2 === 0 ? 0.01 : -0.005));
    const better = waves.map((value) => value + 0.003);
    expect(probabilityOfOverfitting([waves, better])).toMatchObject({ probability: 0, probabilityOfLoss: 0 });
    const early = waves.map((value, index) => value + (index < 16 ? 0.01 : -0.01));
    const late = waves.map((value, index) => value + (index < 16 ? -0.01 : 0.01));
    expect(probabilityOfOverfitting([early, late], 2)).toMatchObject({
      probability: 1,
      probabilityOfLoss: 1,
    });
  });

  test('there is none of one run, of a few returns, or of none; and a wrong call is an error', () => {
    expect(probabilityOfOverfitting([])).toBeUndefined();
    expect(probabilityOfOverfitting([seven[0] as number[]], 4)).toBeUndefined();
    expect(probabilityOfOverfitting(three)).toBeUndefined();
    expect(() => probabilityOfOverfitting(seven, 5)).toThrow(InvalidOptionError);
    expect(() => probabilityOfOverfitting([[1, 2], [1]], 2)).toThrow(InvalidOptionError);
  });
});

describe('a sweep', () => {
  const candles = randomCandles(3, 400);
  const grid = { fast: [5, 10, 20], slow: [30, 60] };

  test('says it, the same for any number of threads, and not where it cannot', async () => {
    const options = { candles, strategy: 'ma-cross', grid };
    const inline = await sweep({ ...options, threads: 0 });
    expect(inline.overfitting).toMatchObject({ runs: 6, blocks: 16, splits: 12_870 });
    expect((await sweep({ ...options, threads: 2 })).overfitting).toEqual(inline.overfitting);
    expect((await sweep({ ...options, threads: 0, level: 'summary' })).overfitting).toBeNull();
    expect((await sweep({ ...options, grid: { fast: [5] }, threads: 0 })).overfitting).toBeNull();
  });
});
