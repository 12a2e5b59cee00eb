import { setTimeout as sleep } from 'node:timers/promises';
import { openConnection } from '../../../dist/src/store/sqlite.js';

/** Cold events of which one segment at least is to be packed still. */
const LEFT = 1024;

/** How far the segments of a store are packed, and how many cold events are behind that. */
class PackedLog {
  /** @param {string} store @param {number} packBehind */
  constructor(store, packBehind) {
    this.database = openConnection(store, { readonly: true, mustExist: true });
    this.packBehind = packBehind;
  }

  get packed() {
    return this.#number("SELECT value FROM meta WHERE key = 'packed'");
  }

  get left() {
    return this.#number('SELECT max(first + count - 1) FROM segments') - this.packBehind - this.packed;
  }

  [Symbol.dispose]() {
    this.database.close();
  }

  /** @param {string} statement */
  #number(statement) {
    return Number(this.database.prepare(statement).pluck().get() ?? 0);
  }
}

/**
 * Whether a store was left while it was packing: some of its segments are packed, and others are cold and are not.
 *
 * @param {string} store
 * @param {number} packBehind
 */
export function isPacking(store, packBehind) {
  using log = new PackedLog(store, packBehind);
  return log.packed > 0 && log.left >= LEFT;
}

/**
 * Resolves when the next segments have been packed, or nothing is left to pack.
 *
 * @param {string} store
 * @param {number} packBehind
 */
export async function whenPacking(store, packBehind) {
  using log = new PackedLog(store, packBehind);
  const before = log.packed;
  while (log.packed === before && log.left >= LEFT) await sleep(1);
}
