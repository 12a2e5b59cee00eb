import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { Done } from './events.mjs';
import { bellOf, timerOf } from './timed.mjs';

/**
 * @typedef {object} Timer
 * @property {string} name
 * @property {number} number of the event that has scheduled it
 * @property {number} at
 * @property {number} position of that event
 */

/** What has become of a key: what its state must be, its pending timers by name, and those whose event is unhandled. */
class Key {
  done = { answers: 0, chimes: 0, last: 0 };
  /** @type {Map<string, Timer>} */
  pending = new Map();
  /** @type {number[]} numbers that rang and have no chime yet, in position order */
  unheard = [];
}

/**
 * What the events of a log, read from its beginning, say of the states of keys and of their timers. Each event is stored
 * with the state and the timers that it has led to, so at any instant the store has just these.
 */
export class StatesAndTimers {
  /** @type {Map<string, Key>} */
  keys = new Map();
  /** Those that have fired, and those that are pending. */
  get count() {
    return [...this.keys.values()].reduce((sum, { pending, done }) => sum + pending.size + done.chimes, 0);
  }
  /** @type {Map<number, { readonly position: number, readonly occurredAt: number }>} */
  #asked = new Map();

  /** @param {number} number @param {number} position @param {number} occurredAt */
  asked(number, position, occurredAt) {
    this.#asked.set(number, { position, occurredAt });
  }

  /** @param {string} key @param {number} number */
  answered(key, number) {
    const { done, pending } = this.#of(key);
    done.answers++;
    done.last = number;
    const asked = this.#asked.get(number);
    ok(asked, `${number} was asked`);
    const timer = timerOf(number, asked.occurredAt);
    const name = bellOf(number);
    if (timer === 'cancel') pending.delete(name);
    else if (timer) pending.set(name, { name, number, at: timer.at, position: asked.position });
  }

  /** @param {string} key @param {number} number @param {number} occurredAt @param {number} position */
  rang(key, number, occurredAt, position) {
    const { pending, unheard } = this.#of(key);
    const timer = pending.get(bellOf(number));
    strictEqual(timer?.number, number, `the timer that has fired at ${position} is the one that was pending`);
    strictEqual(occurredAt, timer.at, `the time of the timer that has fired at ${position}`);
    pending.delete(timer.name);
    for (const { at, number: other } of pending.values()) {
      ok(at >= timer.at, `the timer of ${number} has fired before that of ${other}, which was earlier`);
    }
    unheard.push(number);
  }

  /** @param {string} key @param {number} number */
  chimed(key, number) {
    const { done, unheard } = this.#of(key);
    strictEqual(unheard.shift(), number, `chimes of ${key}: once each, in order`);
    done.chimes++;
    done.last = number;
  }

  /** Nothing of what has fired is left to be handled. */
  checkFinished() {
    for (const [key, { unheard }] of this.keys)
      deepStrictEqual(unheard, [], `what rang for ${key} was handled`);
  }

  /** @param {string} key */
  #of(key) {
    const known = this.keys.get(key);
    if (known) return known;
    const made = new Key();
    this.keys.set(key, made);
    return made;
  }
}

/**
 * States are as far as the events, and the pending timers are those that the events want.
 *
 * @param {StatesAndTimers} expected
 * @param {import('millrace/store').StoreReader} reader
 */
export function checkTimed({ keys }, reader) {
  const states = new Map();
  for (const { key, name, value } of reader.states()) {
    strictEqual(name, Done.name, 'the name of a state');
    states.set(key, value);
  }
  const timers = new Map();
  for (const { key, name, at, position } of reader.timers()) timers.set(`${key} ${name}`, { at, position });
  for (const [key, { done, pending }] of keys) {
    const isNew = done.answers + done.chimes === 0;
    deepStrictEqual(states.get(key), isNew ? undefined : done, `the state of ${key}`);
    states.delete(key);
    for (const { name, at, position } of pending.values()) {
      deepStrictEqual(
        timers.get(`${key} ${name}`),
        { at, position },
        `timer '${name}' of ${key}, which is pending`,
      );
      timers.delete(`${key} ${name}`);
    }
  }
  deepStrictEqual([...states.keys()], [], 'keys that have a state and no event');
  deepStrictEqual([...timers.keys()], [], 'timers that are stored and not pending');
}

/**
 * Nothing is pending that had come due by a time at which the log was at rest.
 *
 * @param {StatesAndTimers} timed
 * @param {number} by
 */
export function checkDue({ keys }, by) {
  for (const [key, { pending }] of keys) {
    for (const { name, at } of pending.values())
      ok(at > by, `timer '${name}' of ${key} was due and has not fired`);
  }
}
