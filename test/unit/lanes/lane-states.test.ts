import { defineState } from 'millrace';
import { expect, test } from 'vitest';
import { Codec } from '../../../dist/src/events/codec.js';
import { CargoWriter } from '../../../dist/src/lanes/states/cargo.js';
import { LaneStates } from '../../../dist/src/lanes/states/lane-states.js';
import { StatesByCause } from '../../../dist/src/lanes/states/state-records.js';

const Total = defineState({ name: 'total', initial: () => ({ sum: 0 }) });
const Seen = defineState({ name: 'seen', initial: () => 0 });

/** A lane with two states, told of a key that has neither. */
function laneWith(key: number) {
  const lane = new LaneStates([Total, Seen] as never, new Codec(), true);
  lane.take(cargoOf(key, []));
  return lane;
}

function cargoOf(key: number, states: readonly (string | undefined)[], forgotten: readonly number[] = []) {
  const cargo = new CargoWriter(2);
  cargo.add(key, states);
  const packed = cargo.take();
  return { forgotten, ...(packed && { states: packed }) };
}

/** What an event at a row reference has changed, by the index of the state. */
function changedBy(lane: LaneStates, cause: number): Record<number, string> {
  const changed: Record<number, string> = {};
  const records = lane.records.take();
  if (records)
    new StatesByCause(records).of(cause, (state, bytes) => Object.assign(changed, { [state]: bytes }));
  return changed;
}

test('an event that fails leaves the state of before, also where the handler has changed it in place', () => {
  const lane = laneWith(1);
  const first = lane.of(1, 'a');
  Object.assign(first.begin(Total as never) as object, { sum: 3 });
  first.seal();
  first.keep(70);
  const second = lane.of(1, 'a');
  Object.assign(second.begin(Total as never) as object, { sum: 4 });
  second.settle(Seen as never, 9);
  second.drop();
  expect(lane.of(1, 'a').begin(Total as never)).toEqual({ sum: 3 });
  expect(Object.keys(changedBy(lane, 70))).toEqual(['0']);
});

test('only what differs is told, once for each event that changed it', () => {
  const lane = laneWith(1);
  for (const [cause, seen] of [
    [70, 1],
    [71, 1],
    [72, 2],
  ] as const) {
    const states = lane.of(1, 'a');
    states.begin(Seen as never);
    states.settle(Seen as never, seen);
    states.seal();
    states.keep(cause);
  }
  const records = new StatesByCause(lane.records.take() as Uint8Array);
  const told: [number, number][] = [];
  for (const cause of [70, 71, 72])
    records.of(cause, (state, bytes) => told.push([cause, bytes.charCodeAt(0) + state]));
  expect(told).toEqual([
    [70, 2],
    [72, 3],
  ]);
});

test('what is forgotten is forgotten before what comes, and a key that was not sent is an error', () => {
  const lane = laneWith(1);
  lane.take(cargoOf(1, [undefined, '\u0007'], [1]));
  expect(lane.of(1, 'a').begin(Seen as never)).toBe(7);
  lane.take({ forgotten: [1] });
  expect(() => lane.of(1, 'a')).toThrow(expect.objectContaining({ code: 'MILLRACE_LANE_CRASHED' }));
});
