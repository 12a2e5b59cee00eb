import { defineState } from 'millrace/define';
import type { Contents } from './sim-disk.js';
import { Violation } from './violation.js';

/** What the handlers of a key have done, as they count it themselves. */
export interface Counted {
  done: number;
  /** Position of the last one, as far as its handler knows it. */
  last: number;
}

const initial = (): Counted => ({ done: 0, last: 0 });

/** The state of the handlers that were there from the beginning, and that of the module that comes later. */
export const Count = defineState({ name: 'count', initial });
export const LateCount = defineState({ name: 'late-count', initial });

/**
 * Counts an event, before its handler can fail: what it leaves behind then is to be taken back.
 *
 * @returns how many have been done with it.
 */
export function count(counted: Counted, position: number): number {
  counted.last = position;
  return ++counted.done;
}

/** An effect of a key's handlers, in the order of the log. */
export interface Effect {
  readonly key: number;
  /** Position of the event that it is of. */
  readonly cause: number;
  readonly count: number;
}

/**
 * The effects of a key's events count 1, 2, 3, …, whatever happened between them, and its stored state is as the last of
 * them has left it: a state is as far as its events. @throws Violation
 */
export function checkCounts(contents: Contents, state: string, effects: readonly Effect[]): void {
  const expected = new Map<number, Counted>();
  for (const { key, cause, count } of effects) {
    const done = (expected.get(key)?.done ?? 0) + 1;
    if (count !== done) {
      throw new Violation(
        `${cause} found ${count - 1} in state '${state}' of its key, after ${done - 1} events`,
      );
    }
    expected.set(key, { done, last: cause });
  }
  const type = contents.states.types.find(({ name }) => name === state)?.id;
  const stored = contents.states.page({ from: 0, limit: Number.POSITIVE_INFINITY });
  const own = stored.filter((each) => each.type === type);
  for (const { key, position, bytes } of own) {
    const wanted = expected.get(key);
    const found = contents.codec.unpack(bytes) as Counted;
    if (found.done === wanted?.done && found.last === wanted.last && position === wanted.last) continue;
    throw new Violation(
      `state '${state}' of key ${key} is ${JSON.stringify(found)} of ${position}, not ${JSON.stringify(wanted)}`,
    );
  }
  if (own.length !== expected.size) {
    throw new Violation(`${own.length} keys have a state '${state}', not ${expected.size}`);
  }
}
