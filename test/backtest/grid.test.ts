import { DEFAULT_GRID, parameterSets, strategyId } from 'millrace/backtest';
import { InvalidOptionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';

describe('the grid', () => {
  test('the default has at least 200 different parameter sets', () => {
    const ids = parameterSets(DEFAULT_GRID).map(strategyId);
    expect(ids.length).toBeGreaterThanOrEqual(200);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('rsi-14-30-70-0.05');
  });

  test('the order of its values does not matter', () => {
    const mirrored = {
      lengths: DEFAULT_GRID.lengths.toReversed(),
      entries: DEFAULT_GRID.entries.toReversed(),
      exits: DEFAULT_GRID.exits.toReversed(),
      stops: DEFAULT_GRID.stops.toReversed(),
    };
    expect(parameterSets(mirrored)).toEqual(parameterSets(DEFAULT_GRID));
  });

  test.each([
    ['an empty list', { stops: [] }, /'stops' is empty/],
    ['a doubled value', { lengths: [5, 7, 5] }, /'lengths' has 5 twice/],
    ['a broken length', { lengths: [2.5] }, /length is 2.5/],
    ['an entry of 0', { entries: [0] }, /entry is 0/],
    ['an exit of 100', { exits: [100] }, /exit is 100/],
    [
      'an exit below an entry',
      { entries: [60], exits: [50] },
      /exit is 50; it must be .*above the entry \(60\)/,
    ],
    ['a stop of everything', { stops: [1] }, /stop is 1/],
    ['a stop in percent', { stops: [5] }, /stop is 5/],
    ['no number', { stops: [Number.NaN] }, /stop is NaN/],
  ])('%s is refused', (_, change, message) => {
    const bad = () => parameterSets({ ...DEFAULT_GRID, ...change });
    expect(bad).toThrow(InvalidOptionError);
    expect(bad).toThrow(message);
  });

  test('a grid beyond the limit is refused before it is made', () => {
    const many = Array.from({ length: 900 }, (_, index) => index + 2);
    const levels = Array.from({ length: 200 }, (_, index) => 0.1 + index / 5);
    expect(() => parameterSets({ ...DEFAULT_GRID, lengths: many, entries: levels })).toThrow(
      /limit is 100000/,
    );
  });
});
