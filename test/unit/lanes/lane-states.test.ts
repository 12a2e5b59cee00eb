import { defineState } from 'millrace';
import { expect, test } from 'vitest';
import { Codec } from '../../../dist/src/events/codec.js';
import { CargoWriter } from '../../../dist/src/lanes/states/cargo.js';
import { LaneStates } from '../../../dist/src/lanes/states/lane-states.js';
import { STATE_SHAPE_KEYS, STATE_SHAPES_TOLD } from '../../../dist/src/lanes/states/limits.js';
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

test('each key begins with a state of its own', () => {
  const lane = laneWith(1);
  lane.take(cargoOf(2, []));
  Object.assign(lane.of(1, 'a').begin(Total as never) as object, { sum: 3 });
  expect(lane.of(2, 'b').begin(Total as never)).toEqual({ sum: 0 });
});

/** Lets one event make something of the state of key 1. */
function become(lane: LaneStates, type: unknown, value: unknown) {
  const states = lane.of(1, 'a');
  states.begin(type as never);
  states.settle(type as never, value);
  states.seal();
  states.keep(70);
}

test('shapes without a number are told of, unless they have too many keys or there are too many of them', () => {
  const Any = defineState({ name: 'any', initial: (): object => ({}) });
  const lane = new LaneStates([Any] as never, new Codec(), true);
  lane.take({ forgotten: [], ...cargoWith(1) });
  become(
    lane,
    Any,
    Object.fromEntries(Array.from({ length: STATE_SHAPE_KEYS + 1 }, (_, key) => [`k${key}`, 1])),
  );
  expect(lane.takeUnknownShapes()).toEqual([]);
  let told = 0;
  for (let shape = 0; shape < 2 * STATE_SHAPES_TOLD; shape++) {
    become(lane, Any, { [`s${shape}`]: 1 });
    told += lane.takeUnknownShapes().length;
  }
  expect(told).toBe(STATE_SHAPES_TOLD - 1);
});

function cargoWith(count: number) {
  const cargo = new CargoWriter(count);
  cargo.add(1, []);
  return { states: cargo.take() as Uint8Array };
}

test('a lane that has much to tell of states says so before its turn is over', () => {
  const lane = laneWith(1);
  const large = 'x'.repeat(1_000_000);
  for (let event = 0; !lane.isFull; event++) {
    expect(event).toBeLessThan(10);
    become(lane, Seen, `${event}${large}`);
  }
  lane.records.take();
  expect(lane.isFull).toBe(false);
});

test('records that were cut off are no states', () => {
  const lane = laneWith(1);
  become(lane, Seen, 7);
  const records = lane.records.take() as Uint8Array;
  const cut = new StatesByCause(records.subarray(0, records.length - 1));
  expect(() => cut.of(70, () => {})).toThrow(expect.objectContaining({ code: 'MILLRACE_LANE_CRASHED' }));
});
