import { describe, expect, test } from 'vitest';
import { judge } from '../../../dist/src/engine/dispatch/judge.js';
import { LaneSeat } from '../../../dist/src/engine/dispatch/lane-seat.js';
import { SlabPool } from '../../../dist/src/engine/sequence/slab-pool.js';
import { rowReference } from '../../../dist/src/events/slab.js';
import type { Lane } from '../../../dist/src/lanes/executor.js';
import { LaneCell } from '../../../dist/src/lanes/lane-cell.js';
import { SLAB_BYTES } from '../../../dist/src/limits.js';

const error = new Error('The thread ended.');

/** A seat whose lane has been sent events and has begun some of them, of which some have ended. */
function seat(
  sent: readonly (readonly number[])[],
  begun: readonly number[],
  ended: readonly number[] = [],
): { seat: LaneSeat; cell: LaneCell } {
  const cell = new LaneCell(8);
  const unused = () => expect.fail('A judge only looks.');
  const lane: Lane = { cell, open: unused, run: unused, broadcast: unused, profile: unused, end: unused };
  const pool = new SlabPool(SLAB_BYTES * 4, unused);
  const slab = pool.acquire();
  const made = new LaneSeat(0, lane, true, 0, pool);
  sent.forEach((rows, index) => {
    made.sent.send(
      index + 1,
      Uint32Array.from(rows, (row) => rowReference(slab.id, row)),
    );
  });
  for (const row of begun) {
    const slot = cell.begin(rowReference(slab.id, row));
    cell.yielded();
    if (ended.includes(row)) cell.end(slot);
    slab.claim[row] = -Math.abs(slab.claim[row] as number);
  }
  return { seat: made, cell };
}

/** References of rows of the one slab. */
const at = (...rows: number[]) => rows.map((row) => rowReference(1, row));

const verdictOf = (judged: LaneSeat) => {
  const { guilty, suspects } = judge(judged, error);
  return { guilty, suspects: [...suspects].sort((a, b) => a - b) };
};

describe('who is to blame for a lane that died', () => {
  test('the event whose handler was on the stack, whoever else was under way', () => {
    const { seat: judged, cell } = seat([[1, 2, 3], [4]], [1, 3]);
    judged.isFresh = false;
    cell.begin(at(2)[0] as number);
    expect(judge(judged, error)).toEqual({ guilty: at(2), suspects: [], error });
  });

  test('nobody, when nothing had begun', () => {
    expect(verdictOf(seat([[1, 2], [3]], []).seat)).toEqual({ guilty: [], suspects: [] });
    expect(verdictOf(seat([], []).seat)).toEqual({ guilty: [], suspects: [] });
  });

  test('one of several that were awaited: nobody can say which', () => {
    expect(verdictOf(seat([[1, 2, 3]], [1, 2]).seat)).toEqual({ guilty: [], suspects: at(1, 2) });
  });

  test('one of those that had ended and were not answered, when nothing was under way', () => {
    expect(verdictOf(seat([[1, 2, 3]], [1, 2], [1, 2]).seat)).toEqual({ guilty: [], suspects: at(1, 2) });
  });

  test('the only event that the thread had ever begun', () => {
    expect(verdictOf(seat([[7]], [7]).seat)).toEqual({ guilty: at(7), suspects: [] });
    // What it left behind may have killed the thread after its end; what was not begun cannot have.
    expect(verdictOf(seat([[7, 8]], [7], [7]).seat)).toEqual({ guilty: at(7), suspects: [] });
  });

  test('perhaps the only one under way, when others were there before it', () => {
    const { seat: judged } = seat([[7]], [7]);
    judged.isFresh = false;
    expect(verdictOf(judged)).toEqual({ guilty: [], suspects: at(7) });
    // Those of its own batch that had ended already may have left a timer as well.
    expect(verdictOf(seat([[6, 7]], [6, 7], [6]).seat)).toEqual({ guilty: [], suspects: at(6, 7) });
  });

  test('nobody that the lane was not sent', () => {
    const { seat: judged, cell } = seat([[1]], []);
    cell.begin(at(8)[0] as number);
    expect(verdictOf(judged)).toEqual({ guilty: [], suspects: [] });
  });

  test('whom somebody has convicted already, as far as the lane still has them', () => {
    const { seat: judged, cell } = seat([[1, 2, 3]], [1]);
    cell.begin(at(2)[0] as number);
    const late = new Error('It took too long.');
    judged.verdict = { guilty: at(3, 9), suspects: at(1, 8), error: late };
    expect(judge(judged, error)).toEqual({ guilty: at(3), suspects: at(1), error: late });
  });
});
