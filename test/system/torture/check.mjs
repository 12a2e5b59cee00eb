import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { openStoreReader } from 'millrace/store';
import { checkTimed, StatesAndTimers } from './check-timed.mjs';
import { Answered, Asked, Chimed, Filed, Laid, paddingOf, Rang } from './events.mjs';
import { Moved } from './ledger.mjs';

/** Aggregates that are looked up by name: each one costs a scan of what the index does not have yet. */
const LOOKED_UP = 3;

/**
 * What a log holds, as far as the checks need it.
 *
 * @typedef {object} Log
 * @property {number} lastPosition
 * @property {number} mark every position up to here is handled
 * @property {number} unfinished
 * @property {Map<number, number>} asked position by number
 * @property {Map<number, number>} laid likewise
 * @property {Map<string, number[]>} askedByKey numbers in position order
 * @property {Map<string, number[]>} answered numbers in position order, by key
 * @property {Map<string, number[]>} filed numbers in position order, by key
 * @property {Map<string, Move[]>} moved by account, in version order
 * @property {StatesAndTimers} timed
 */

/**
 * What events of the log have, of whatever type: each has some of it.
 *
 * @typedef {{ readonly key: string, readonly number: number, readonly padding: string, readonly account: string,
 *   readonly amount: number, readonly before: number }} Data
 */

/**
 * An event that a command has led to.
 *
 * @typedef {{ readonly number: number, readonly amount: number, readonly before: number, readonly position: number }} Move
 */

/**
 * Reads a store from its beginning, and checks what must be true of any log at any instant: positions and versions
 * have no holes, no number is there twice, and each payload is what was published.
 *
 * @param {string} store
 * @returns {Log}
 */
export function readLog(store) {
  const reader = openStoreReader(store);
  try {
    return readFrom(reader);
  } finally {
    reader.close();
  }
}

/**
 * @param {import('millrace/store').StoreReader} reader
 * @returns {Log}
 */
function readFrom(reader) {
  const { lastPosition, mark, unfinished } = reader.summary();
  /** @type {Log} */
  const log = { ...emptyLog(), lastPosition, mark, unfinished };
  /** @type {Map<string, number>} */
  const versions = new Map();
  let position = 0;
  for (const event of reader.read()) {
    strictEqual(event.position, ++position, 'positions have no holes');
    const version = (versions.get(event.aggregateId) ?? 0) + 1;
    strictEqual(event.version, version, `versions of ${event.aggregateId} have no holes`);
    versions.set(event.aggregateId, version);
    take(log, /** @type {never} */ (event));
  }
  strictEqual(position, lastPosition, 'the last position is that of the last event');
  checkTimed(log.timed, reader);
  for (const [aggregateId, version] of [...versions].slice(0, LOOKED_UP)) {
    const [last, ...others] = [...reader.read({ aggregateId, fromVersion: version })];
    strictEqual(last?.version, version, `the last version of ${aggregateId} is found by its aggregate`);
    strictEqual(others.length, 0, `nothing of ${aggregateId} comes after its last version`);
  }
  return log;
}

/**
 * The log of a store that is not created yet.
 *
 * @returns {Log}
 */
export function emptyLog() {
  return {
    lastPosition: 0,
    mark: 0,
    unfinished: 0,
    asked: new Map(),
    laid: new Map(),
    askedByKey: new Map(),
    answered: new Map(),
    filed: new Map(),
    moved: new Map(),
    timed: new StatesAndTimers(),
  };
}

/**
 * @param {Log} log
 * @param {import('millrace').DomainEvent<Data>} event of any of the types
 */
function take(log, { type, position, occurredAt, data }) {
  const { key, number, padding, account, amount, before } = data;
  if (type === Asked.type) {
    ok(!log.asked.has(number), `${number} is stored twice`);
    strictEqual(padding, paddingOf(number, padding.length), `the payload of ${number}`);
    log.asked.set(number, position);
    append(log.askedByKey, key, number);
    log.timed.asked(number, position, occurredAt);
  } else if (type === Laid.type) {
    ok(!log.laid.has(number), `${number} is stored twice`);
    strictEqual(padding, paddingOf(number, padding.length), `the payload of ${number}`);
    log.laid.set(number, position);
  } else if (type === Answered.type) {
    append(log.answered, key, number);
    log.timed.answered(key, number);
  } else if (type === Filed.type) append(log.filed, key, number);
  else if (type === Rang.type) log.timed.rang(key, number, occurredAt, position);
  else if (type === Chimed.type) log.timed.chimed(key, number);
  else if (type === Moved.type) append(log.moved, account, { number, amount, before, position });
  else throw new Error(`Nobody has published a ${type}.`);
}

/**
 * @template Item
 * @param {Map<string, Item[]>} lists
 * @param {string} key
 * @param {Item} number
 */
function append(lists, key, number) {
  const list = lists.get(key);
  if (list) list.push(number);
  else lists.set(key, [number]);
}

/**
 * Every acknowledged event is at the position that its publisher was told, and what was acknowledged as handled has
 * its answer.
 *
 * @param {Log} log
 * @param {readonly import('./kill.mjs').Acknowledged[]} acknowledged
 */
export function checkAcknowledged({ asked, laid, answered }, acknowledged) {
  const positionOf = (/** @type {number} */ number) => asked.get(number) ?? laid.get(number);
  const answers = new Set([...answered.values()].flat());
  for (const { handled, position, number, count } of acknowledged) {
    strictEqual(positionOf(number), position, `the position of ${number}, which was acknowledged`);
    ok(!handled || answers.has(number), `the answer to ${number}, which was acknowledged as handled`);
    let last = position;
    for (let next = number + 1; next < number + count; next++) {
      const found = positionOf(next) ?? 0;
      ok(found > last, `${next} was acknowledged; it is at ${found}, the one before it at ${last}`);
      last = found;
    }
  }
}

/**
 * Handled once and in order, as far as the handlers have come: the answers of a key are the beginning of what was
 * asked of it. And what the progress calls handled has its answer: both are one transaction.
 *
 * @param {Log} log
 */
export function checkHandled({ mark, asked, askedByKey, answered, filed }) {
  checkBeginning('answers', askedByKey, answered);
  checkBeginning('files', answered, filed);
  const answers = new Set([...answered.values()].flat());
  for (const [number, position] of asked) {
    ok(position > mark || answers.has(number), `${number} counts as handled, and has no answer`);
  }
}

/** @param {string} what @param {Map<string, number[]>} all @param {Map<string, number[]>} some */
function checkBeginning(what, all, some) {
  for (const [key, numbers] of some) {
    deepStrictEqual(
      numbers,
      all.get(key)?.slice(0, numbers.length),
      `${what} of ${key}: once each, in order`,
    );
  }
}

/**
 * Everything that was asked is handled.
 *
 * @param {Log} log
 */
export function checkFinished({ unfinished, askedByKey, answered, filed, timed }) {
  strictEqual(unfinished, 0, 'unfinished events');
  deepStrictEqual(answered, sortedLike(answered, askedByKey), 'answers, once each and in order');
  deepStrictEqual(filed, sortedLike(filed, askedByKey), 'files, once each and in order');
  timed.checkFinished();
}

/** `wanted` with its keys in the order of `given`, which is a matter of timing. */
/** @param {Map<string, number[]>} given @param {Map<string, number[]>} wanted */
function sortedLike(given, wanted) {
  return new Map([...given.keys(), ...wanted.keys()].map((key) => [key, wanted.get(key) ?? []]));
}
