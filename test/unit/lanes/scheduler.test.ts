import { describe, expect, test } from 'vitest';
import { rowReference } from '../../../dist/src/events/slab.js';
import { KeyState } from '../../../dist/src/lanes/key-state.js';
import { LaneScheduler } from '../../../dist/src/lanes/scheduler.js';

const EVENTS = 2000;
const LANES = 2;
/** Milliseconds of work an event. */
const COST = 0.2;

/** A scheduler with some events waiting, the n-th of them of `keyOf(n)`. */
function waiting(keyOf: (index: number) => KeyState) {
  const slab = {
    position: Float64Array.from({ length: EVENTS }, (_, row) => row + 1),
    next: new Float64Array(EVENTS),
  };
  const scheduler = new LaneScheduler([slab]);
  scheduler.openLanes = LANES;
  const keys = Array.from({ length: EVENTS }, (_, index) => keyOf(index));
  for (const [row, key] of keys.entries()) scheduler.enqueue(rowReference(0, row), key);
  return { scheduler, keys };
}

interface Batch {
  readonly lane: number;
  readonly rows: Uint32Array;
  readonly end: number;
}

/** Lets lanes take and finish batches until nothing waits, in time of its own. @returns when each lane ended. */
function work({ scheduler, keys }: ReturnType<typeof waiting>): number[] {
  const ends = new Array<number>(LANES).fill(0);
  const running: Batch[] = [];
  let now = 0;
  const pull = (lane: number): void => {
    for (let rows = scheduler.take(lane); rows; rows = scheduler.take(lane)) {
      const end = Math.max(now, ends[lane] as number) + rows.length * COST;
      ends[lane] = end;
      running.push({ lane, rows, end });
    }
  };
  for (let lane = 0; lane < LANES; lane++) pull(lane);
  while (running.length > 0) {
    running.sort((a, b) => a.end - b.end);
    const { lane, rows, end } = running.shift() as Batch;
    now = end;
    scheduler.answered(lane, {
      passed: 1,
      events: rows.length,
      waiting: 0,
      busy: rows.length * COST,
      elapsed: 1,
    });
    for (const row of rows) scheduler.finished(keys[row] as KeyState);
    for (let next = 0; next < LANES; next++) pull(next);
  }
  return ends;
}

const IDEAL = (EVENTS * COST) / LANES;

describe('two lanes are busy to the end', () => {
  test('with many keys alike', () => {
    const keys = Array.from({ length: 100 }, () => new KeyState());
    const ends = work(waiting((index) => keys[index % keys.length] as KeyState));
    expect(Math.max(...ends)).toBeLessThan(IDEAL * 1.05);
  });

  test.each([4, 5, 8])('with a key that has one event of %i', (every) => {
    const hot = new KeyState();
    const keys = Array.from({ length: 100 }, () => new KeyState());
    const ends = work(waiting((index) => (index % every === 0 ? hot : (keys[index % 100] as KeyState))));
    expect(Math.max(...ends)).toBeLessThan(IDEAL * 1.1);
  });

  test('with a key that has half of all events', () => {
    const hot = new KeyState();
    const keys = Array.from({ length: 100 }, () => new KeyState());
    const ends = work(
      waiting((index) => (index % 2 === 0 ? hot : (keys[(index >> 1) % keys.length] as KeyState))),
    );
    expect(Math.max(...ends)).toBeLessThan(IDEAL * 1.1);
  });
});

test('what waits is counted', () => {
  const key = new KeyState();
  const { scheduler } = waiting(() => key);
  const taken = scheduler.take(0)?.length ?? 0;
  expect(taken).toBeGreaterThan(0);
  expect(scheduler.queued).toBe(EVENTS - taken);
});

test('the failed event of a key is put before those that came back with lower positions, wherever it stands', () => {
  for (const failed of [0, 1, 2]) {
    const key = new KeyState();
    const slab = { position: Float64Array.of(5, 3, 4), next: new Float64Array(3) };
    const scheduler = new LaneScheduler([slab]);
    for (const row of [0, 1, 2]) scheduler.enqueue(rowReference(0, row), key);
    const rows = [...(scheduler.take(0) ?? [])];
    for (const row of rows) scheduler.returned(key, row);
    scheduler.putFirst(key, rowReference(0, failed));
    const others = [1, 2, 0].filter((row) => row !== failed);
    expect(scheduler.park(key)).toEqual([failed, ...others].map((row) => rowReference(0, row)));
    expect(key.queued).toBe(0);
  }
});
