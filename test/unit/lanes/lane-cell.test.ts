import { describe, expect, test } from 'vitest';
import { LaneCell } from '../../../dist/src/lanes/lane-cell.js';

/** The lane's end and the main thread's end of one cell. */
function cells(concurrency: number) {
  const main = new LaneCell(concurrency);
  return { main, lane: new LaneCell(concurrency, main.memory) };
}

describe('a lane cell', () => {
  test('says nothing of a lane that does nothing', () => {
    const { main } = cells(4);
    expect([main.running, main.active, main.deadlineFrom(0), main.overdue(Infinity)]).toEqual([
      undefined,
      [],
      0,
      [],
    ]);
  });

  test('shows the event whose handler is on the stack, also the one at reference 0', () => {
    const { main, lane } = cells(1);
    for (const reference of [0, 7, 2 ** 32 - 1]) {
      const slot = lane.begin(reference);
      expect([main.running, main.active]).toEqual([reference, [reference]]);
      lane.end(slot);
      expect([main.running, main.active]).toEqual([undefined, []]);
    }
  });

  test("shows what is awaited as under way, and as on nobody's stack", () => {
    const { main, lane } = cells(3);
    const a = lane.begin(10);
    lane.yielded();
    const b = lane.begin(20);
    expect(main.running).toBe(20);
    expect([...main.active].sort()).toEqual([10, 20]);
    lane.yielded();
    expect(main.running).toBeUndefined();
    lane.end(a);
    expect(main.active).toEqual([20]);
    const c = lane.begin(30);
    expect([main.running, [...main.active].sort()]).toEqual([30, [20, 30]]);
    lane.end(c);
    lane.end(b);
    expect(main.active).toEqual([]);
  });

  test('uses the slots again, for as many events as may be under way', () => {
    const { main, lane } = cells(4);
    for (let round = 0; round < 50; round++) {
      const slots = [1, 2, 3, 4].map((number) => lane.begin(round * 10 + number));
      expect(new Set(slots).size).toBe(4);
      expect(main.active).toHaveLength(4);
      for (const slot of round % 2 ? slots : slots.reverse()) lane.end(slot);
      expect(main.active).toEqual([]);
    }
  });

  test('knows the deadlines: the next one, and whose is over', () => {
    const { main, lane } = cells(3);
    const [a, b] = [lane.begin(1), lane.begin(2)];
    lane.begin(3);
    lane.yielded();
    lane.setDeadline(a, 500);
    lane.setDeadline(b, 300);
    expect([
      main.deadlineFrom(0),
      main.deadlineFrom(300),
      main.deadlineFrom(301),
      main.deadlineFrom(501),
    ]).toEqual([300, 300, 500, 0]);
    expect(main.overdue(300)).toEqual([]);
    expect(main.overdue(301)).toEqual([2]);
    expect([...main.overdue(501)].sort()).toEqual([1, 2]);
    lane.setDeadline(b, 0);
    expect(main.deadlineFrom(0)).toBe(500);
    lane.end(a);
    expect([main.deadlineFrom(0), main.overdue(Infinity)]).toEqual([0, []]);
  });

  test('is sure of one that is on the stack, or whose end a free thread has seen; of no other', () => {
    const { main, lane } = cells(3);
    const [seen, unseen, running] = [lane.begin(1), lane.begin(2), lane.begin(3)];
    for (const slot of [seen, unseen, running]) lane.setDeadline(slot, 100);
    expect(main.overdue(200, true)).toEqual([3]);
    lane.yielded();
    expect(main.overdue(200, true)).toEqual([]);
    lane.passed(seen);
    lane.passed(seen);
    expect(main.overdue(200, true)).toEqual([1]);
    expect(main.overdue(100, true)).toEqual([]);
    expect([...main.overdue(200)].sort()).toEqual([1, 2, 3]);
    expect(main.deadlineFrom(0)).toBe(100);
    lane.end(seen);
    const next = lane.begin(4);
    lane.setDeadline(next, 150);
    lane.yielded();
    expect(main.overdue(200, true)).toEqual([]);
  });
});
