import { probabilityOfOverfitting, sweep } from 'millrace/backtest';
import { InvalidOptionError } from 'millrace/errors';
import { describe, expect, test, vi } from 'vitest';
import { randomCandles } from '../../support/backtest/helpers.js';

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

  const wave = (length: number, shift: number) =>
    Array.from({ length }, (_, index) => 0.01 * Math.sin(index * 1.7 + shift));

  test.each<[string, readonly ArrayLike<number>[], number?]>([
    ['of nothing but zeros', [new Float64Array(64), new Float64Array(64), new Float64Array(64)]],
    ['that are the same', [wave(64, 1), wave(64, 1), wave(64, 1)]],
    // The ratios are the same, and rounding made them differ in their last digit.
    [
      'that are the same but for how much they hold',
      [wave(64, 1), wave(64, 1).map((value) => 0.7 * value), wave(64, 1).map((value) => 3.1 * value)],
    ],
    [
      'of which each has one return in each half that is looked at',
      [0.013, 0.07, 0.0291].map((value) => [0, value, 0, 0, 0, 0, value / 3, 0]),
      2,
    ],
    [
      'that differ in what is left out at the beginning',
      [
        [0.5, ...wave(64, 1)],
        [0.1, ...wave(64, 1)],
      ],
    ],
  ])('is not there for runs %s, because there was nothing to choose', (_, runs, blocks) => {
    const found = probabilityOfOverfitting(runs, blocks);
    expect(found).toMatchObject({ probability: null, probabilityOfLoss: null, splits: 0 });
  });

  test('leaves out the splits in which all runs are equal in one half', () => {
    // They trade in the first quarter only: each half without it has nothing to tell them apart.
    const early = (shift: number) => [...wave(8, shift), ...Array<number>(24).fill(0)];
    const found = probabilityOfOverfitting([early(1), early(2), early(3)], 4);
    expect(found).toMatchObject({ probability: null, splits: 0 });
    const twice = (shift: number) => [...wave(16, shift), ...Array<number>(16).fill(0)];
    expect(probabilityOfOverfitting([twice(1), twice(2), twice(3)], 4)).toMatchObject({ splits: 4 });
  });

  test('does not depend on the order of the runs, and a run that is there twice does not decide', () => {
    const runs = [wave(64, 1), wave(64, 2), wave(64, 2), wave(64, 3), wave(64, 3), wave(64, 4)];
    const found = probabilityOfOverfitting(runs, 8);
    expect(probabilityOfOverfitting(runs.toReversed(), 8)).toEqual(found);
    expect(
      probabilityOfOverfitting(
        [3, 0, 5, 2, 4, 1].map((at) => runs[at] as number[]),
        8,
      ),
    ).toEqual(found);
    // Best in each half are two equal ones, of four: 3.5 is above the median of 2.5.
    const high = wave(64, 1).map((value) => value + 0.1);
    expect(probabilityOfOverfitting([high, wave(64, 1), high, wave(64, 2)], 8)).toMatchObject({
      probability: 0,
    });
  });

  test('says which return is none', () => {
    const runs = [wave(64, 1), wave(64, 2).with(3, Number.NaN)];
    expect(() => probabilityOfOverfitting(runs)).toThrow(/return 3 of run 1 is NaN/);
    expect(() =>
      probabilityOfOverfitting(
        [
          ['a', 'b'],
          [1, 2],
        ] as never,
        2,
      ),
    ).toThrow(InvalidOptionError);
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
