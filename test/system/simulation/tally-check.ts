import { LANES } from '../../../dist/src/store/dead-letter.js';
import { Progress } from '../../../dist/src/store/progress.js';
import type { RawEvent } from '../../../dist/src/store/store.js';
import { Lodging, Parking, Ringing, Skipping, type Task } from './events.js';
import type { Contents } from './sim-disk.js';
import { Violation } from './violation.js';

/** Name of the state. */
export const STATE = 'tally';

/** Types of which it is made. */
export const TALLIED: readonly string[] = [Parking.type, Lodging.type, Ringing.type, Skipping.type];

/** The positions that a key's state is made of, in the order of their handling. */
export interface Tally {
  readonly seen: number[];
}

/** What is known of a life. */
export interface Expected {
  /** Of the handlers that were there last. */
  readonly version: number;
  /** Whether the event may be part of its state or not: a user gave it up, or had it run again. */
  isEither(position: number): boolean;
  /** Whether the building may have failed on it. */
  mayFail(position: number, data: Task): boolean;
}

/** A state is made of all events that are done, in order, whatever versions it had meanwhile. @throws Violation */
export function checkTallies(contents: Contents, expected: Expected): void {
  const tallies = talliesOf(contents, expected.version);
  const parked = new Set<number>();
  for (const { key, state } of contents.letters.values()) if (state === 'parked') parked.add(key);
  const { progress } = contents;
  for (const raw of contents.events) {
    const type = contents.types.get(raw.type)?.name ?? '';
    if (!TALLIED.includes(type)) continue;
    const { position } = raw;
    const key = keyOf(raw);
    const seen = tallies.get(key) ?? [];
    const times = seen.filter((one) => one === position).length;
    expect(times <= 1, `${position} is ${times} times in the state of its key`);
    const building = buildingOf(contents, type, expected.version, position);
    if (!progress.isFinished(position)) {
      expect(times === 0, `${position} is unfinished and part of a state`);
    } else if (building && !building.progress.isFinished(position)) {
      expect(times === 0, `${position} is left to be built, and part of the state`);
      expect(parked.has(key), `${position} is left to be built, and nothing parks it`);
    } else checkDone(contents, expected, position, times, building?.name);
  }
  for (const [key, seen] of tallies) {
    const inOrder = seen.filter(
      (position) => !expected.isEither(position) && !contents.letters.has(position),
    );
    const sorted = [...inOrder].sort((a, b) => a - b);
    if (inOrder.join() !== sorted.join()) throw new Violation(`the state of key ${key} is made of ${seen}`);
  }
}

/** Of an event that the lanes are done with, and whose building is, if there is one. */
function checkDone(
  { letters, events, codec }: Contents,
  { isEither, mayFail }: Expected,
  position: number,
  times: number,
  builder: string | undefined,
): void {
  const owners = letters.get(position)?.owners ?? [];
  if (owners.includes(LANES)) {
    expect(times === 0, `${position} has failed and is part of a state`);
  } else if (builder !== undefined && owners.includes(builder)) {
    expect(times === 0, `${position} has failed to be built and is part of the state`);
    const { data } = events[position - 1] as RawEvent;
    expect(
      mayFail(position, codec.unpack(data) as Task) || isEither(position),
      `${position} was not built and is innocent`,
    );
  } else expect(times === 1 || isEither(position), `${position} is done and no part of the state of its key`);
}

/** What the states of a version are made of, by key. */
function talliesOf({ states, codec }: Contents, version: number): ReadonlyMap<number, readonly number[]> {
  const type = states.types.find((state) => state.name === STATE && state.version === version)?.id;
  const stored = states.page({ from: 0, limit: Number.POSITIVE_INFINITY });
  const own = stored.filter((state) => state.type === type);
  return new Map(own.map(({ key, bytes }) => [key, (codec.unpack(bytes) as Tally).seen]));
}

/** The building of the state of a version, as a consumer of the log, if it has the event to do. */
function buildingOf({ consumers }: Contents, type: string, version: number, position: number) {
  const prefix = `millrace:handler/${type}/state:${STATE}:${version}@`;
  const stored = consumers.all().find(({ name }) => name.startsWith(prefix));
  if (!stored || position > Number(stored.name.slice(prefix.length))) return undefined;
  return { name: stored.name, progress: new Progress(stored.progress.mark, stored.progress.chunks) };
}

function keyOf({ partitionKey, aggregate }: RawEvent): number {
  return partitionKey ?? aggregate;
}

function expect(holds: boolean, message: string): void {
  if (!holds) throw new Violation(message);
}
