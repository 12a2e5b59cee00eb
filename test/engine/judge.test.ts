import { describe, expect, test } from 'vitest';
import { judge } from '../../dist/src/engine/judge.js';
import { LaneSeat } from '../../dist/src/engine/lane-seat.js';
import type { Lane } from '../../dist/src/lanes/executor.js';
import { LaneCell } from '../../dist/src/lanes/lane-cell.js';

const error = new Error('The thread ended.');

/** A seat whose lane has been sent events and has begun some of them. */
function seat(
  sent: readonly (readonly number[])[],
  begun: readonly number[],
): { seat: LaneSeat; cell: LaneCell } {
  const cell = new LaneCell(8);
  const unused = () => expect.fail('A judge only looks.');
  const lane: Lane = { cell, open: unused, run: unused, broadcast: unused, profile: unused, end: unused };
  const made = new LaneSeat(0, lane, true, 0);
  for (const rows of sent) made.sent.push(Uint32Array.from(rows));
  for (const reference of begun) {
    cell.begin(reference);
    cell.yielded();
  }
  return { seat: made, cell };
}

const verdictOf = (judged: LaneSeat) => {
  const { guilty, suspects } = judge(judged, error);
  return { guilty, suspects: [...suspects].sort() };
};

describe('who is to blame for a lane that died', () => {
  test('the event whose handler was on the stack, whoever else was under way', () => {
    const { seat: judged, cell } = seat([[1, 2, 3], [4]], [1, 3]);
    judged.isFresh = false;
    cell.begin(2);
    expect(judge(judged, error)).toEqual({ guilty: [2], suspects: [], error });
  });

  test('nobody, when nothing had begun', () => {
    expect(verdictOf(seat([[1, 2], [3]], []).seat)).toEqual({ guilty: [], suspects: [] });
    expect(verdictOf(seat([], []).seat)).toEqual({ guilty: [], suspects: [] });
  });

  test('one of several that were awaited: nobody can say which', () => {
    expect(verdictOf(seat([[1, 2, 3]], [1, 2]).seat)).toEqual({ guilty: [], suspects: [1, 2] });
  });

  test('the only event that the thread ever had', () => {
    expect(verdictOf(seat([[7]], [7]).seat)).toEqual({ guilty: [7], suspects: [] });
  });

  test('perhaps the only one under way, when others were there before it', () => {
    const { seat: judged } = seat([[7]], [7]);
    judged.isFresh = false;
    expect(verdictOf(judged)).toEqual({ guilty: [], suspects: [7] });
    // Those of its own batch that had ended already may have left a timer as well.
    expect(verdictOf(seat([[6, 7]], [7]).seat)).toEqual({ guilty: [], suspects: [7] });
  });

  test('nobody that the lane was not sent', () => {
    const { seat: judged, cell } = seat([[1]], [9]);
    expect(verdictOf(judged)).toEqual({ guilty: [], suspects: [] });
    cell.begin(8);
    expect(verdictOf(judged)).toEqual({ guilty: [], suspects: [] });
  });

  test('whom somebody has convicted already, as far as the lane still has them', () => {
    const { seat: judged, cell } = seat([[1, 2, 3]], [1]);
    cell.begin(2);
    const late = new Error('It took too long.');
    judged.verdict = { guilty: [3, 9], suspects: [1, 8], error: late };
    expect(judge(judged, error)).toEqual({ guilty: [3], suspects: [1], error: late });
  });
});
