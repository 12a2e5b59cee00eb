import { expect, test } from 'vitest';
import { candlesOf, eventsOf, RUN, storyOf } from '../../support/backtest/helpers.js';

/** Closes 102, 100, 98: the RSI crosses below 30 on candle 4, and the position is bought at the open of candle 5. */
const FALL = [
  [100, 101, 99, 100],
  [100, 102, 99, 101],
  [101, 103, 100, 102],
  [102, 103, 99, 100],
  [100, 101, 97, 98],
] as const;

/** What happens after the fall, with a stop of 10 percent unless said otherwise. */
function after(...candles: readonly (readonly [number, number, number, number])[]): string[] {
  return withStop(0.1, ...candles);
}

function withStop(
  stop: number,
  ...candles: readonly (readonly [number, number, number, number])[]
): string[] {
  const run = { ...RUN, parameters: { ...RUN.parameters, exit: 90, stop } };
  const story = storyOf(eventsOf(candlesOf(...FALL, ...candles), run));
  // Whether the last close is a signal again is not the point here.
  return story.filter((line) => !line.startsWith('BUY signal'));
}

test('a low at the stop sells at the stop price', () => {
  expect(after([100, 101, 99, 100], [99, 99, 90, 95])).toEqual([
    'buy @ 100 on 5',
    'sell @ 90 on 6',
    'closed by stop_loss',
  ]);
});

test('a low just above the stop does not', () => {
  const story = after([100, 101, 99, 100], [99, 99, 90.01, 95]);
  expect(story).toEqual(['buy @ 100 on 5', 'sell @ 95 on 6', 'closed by end_of_data']);
});

test('a candle that opens below the stop sells at its open, which is worse', () => {
  expect(after([100, 101, 99, 100], [80, 99, 70, 95])).toEqual([
    'buy @ 100 on 5',
    'sell @ 80 on 6',
    'closed by stop_loss',
  ]);
});

test('the stop is live on the candle of the entry', () => {
  expect(after([100, 101, 85, 100], [99, 99, 98, 98.5])).toEqual([
    'buy @ 100 on 5',
    'sell @ 90 on 5',
    'closed by stop_loss',
  ]);
});

test('the stop comes before the close of the same candle, whatever that would have said', () => {
  // The close of candle 6 lifts the RSI over the exit; the low of the same candle was at the stop.
  expect(after([100, 101, 99, 100], [99, 150, 90, 150], [150, 151, 149, 150])).toEqual([
    'buy @ 100 on 5',
    'sell @ 90 on 6',
    'closed by stop_loss',
  ]);
});

test('an order from the candle before is filled at the open, before the stop of this one', () => {
  expect(after([100, 151, 99, 150], [120, 121, 80, 85])).toEqual([
    'buy @ 100 on 5',
    'SELL signal on 5',
    'sell @ 120 on 6',
    'closed by signal',
  ]);
});

test('a stop of 0 is no stop', () => {
  const story = withStop(0, [100, 101, 99, 100], [99, 99, 1, 95]);
  expect(story).toEqual(['buy @ 100 on 5', 'sell @ 95 on 6', 'closed by end_of_data']);
});

test('after a stop it does not buy again while the RSI merely stays low', () => {
  const story = after([100, 101, 97, 97], [97, 97, 85, 86], [85, 85, 80, 81], [80, 80, 76, 77]);
  expect(story).toEqual(['buy @ 100 on 5', 'sell @ 90 on 6', 'closed by stop_loss']);
});
