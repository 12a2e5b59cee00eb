import { deepStrictEqual } from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { verifyStore } from 'millrace/store';
import { checkAcknowledged, checkFinished, checkHandled, emptyLog, readLog } from './check.mjs';
import { Ledger } from './check-ledger.mjs';
import { checkDue } from './check-timed.mjs';
import { runAndKill } from './kill.mjs';
import { openTortured } from './open.mjs';
import { isPacking } from './packing.mjs';
import { planRound, randomFrom } from './plan.mjs';

/** Kills of one store, before the next store is begun. */
const KILLS_A_STORE = 5;

/** Numbers of one round: more than any child publishes. */
const NUMBERS_A_ROUND = 10_000_000;

/** A recovery that takes longer hangs. */
const RECOVERY_MILLISECONDS = 180_000;

/** Newest commands that are asked again after a recovery, besides those that were not answered. */
const ASKED_AGAIN = 8;

/** The files of a store that a killed process leaves. The shared memory beside the WAL dies with the machine too. */
const SUFFIXES = ['', '-wal', '-journal'];

/**
 * @typedef {object} TortureOptions
 * @property {number} kills
 * @property {number} seed
 * @property {'disk' | 'os' | undefined} [durability] both in turn when it is left out
 */

/**
 * How far the torture has come.
 *
 * @typedef {object} Progress
 * @property {number} kills
 * @property {number} acknowledged events whose acknowledgement had come before a kill
 * @property {number} commands that were replied before a kill
 * @property {number} timers that had fired or were pending, in the stores that were recovered
 * @property {number} packing kills that came while segments were being packed
 * @property {number} recovered stores that were opened again, drained and compared
 * @property {string} style of the last round
 */

/**
 * Kills engines that publish and handle, reopens their stores, and checks that nothing is lost, nothing is there
 * twice and nothing is out of order. Yields after each kill.
 *
 * @param {TortureOptions} options
 * @returns {AsyncGenerator<Progress, void>}
 * @throws {Error} that names the seed, the kill and the folder of the store, which is kept then.
 */
export async function* torture({ kills, seed, durability }) {
  const random = randomFrom(seed);
  const progress = { kills: 0, acknowledged: 0, commands: 0, timers: 0, packing: 0, recovered: 0, style: '' };
  while (progress.kills < kills) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-torture-'));
    const victim = new Victim(join(folder, 'events.db'));
    const most = Math.min(KILLS_A_STORE, kills - progress.kills);
    for (let kill = 1; kill <= most; kill++) {
      const round = planRound(
        random,
        durability ?? (progress.kills % 2 === 0 ? 'disk' : 'os'),
        kill === most,
      );
      try {
        const { acknowledged, commands, packing } = await victim.kill(round);
        progress.acknowledged += acknowledged;
        progress.commands += commands;
        if (packing) progress.packing++;
        if (round.recover) progress.timers += (await victim.recover(round.orders)).timers;
      } catch (error) {
        throw describe(/** @type {Error} */ (error), seed, progress.kills + 1, round, folder);
      }
      progress.kills++;
      progress.style = round.style;
      if (round.recover) progress.recovered++;
      yield progress;
    }
    rmSync(folder, { recursive: true });
  }
}

/** A store whose engines get killed. */
export class Victim {
  /** @param {string} store */
  constructor(store) {
    this.store = store;
    this.rounds = 0;
    /** @type {import('./kill.mjs').Acknowledged[]} */
    this.acknowledged = [];
    this.ledger = new Ledger();
  }

  /**
   * Kills a child, and checks what it has left.
   *
   * @param {import('./plan.mjs').Round} round
   * @returns {Promise<{ readonly acknowledged: number, readonly commands: number, readonly packing: boolean,
   *   readonly killed: boolean }>} how many events it had been told are safe, how many commands it had been replied,
   * whether segments were being packed, and whether it had not ended by itself before
   */
  async kill({ orders: { events, ...rest }, ending }) {
    const firstNumber = ++this.rounds * NUMBERS_A_ROUND;
    const again = [...this.ledger.open];
    const orders = { ...rest, store: this.store, firstNumber, endNumber: firstNumber + events, again };
    const { acknowledged, told, opened, killed } = await runAndKill(orders, ending);
    // One by one: a spread of so many would not fit on the stack.
    for (const acknowledgement of acknowledged) this.acknowledged.push(acknowledgement);
    this.ledger.take(told, { firstNumber, clients: opened ? rest.clients : 0 });
    const packing = this.#checkCopy(rest.packBehind);
    return {
      acknowledged: acknowledged.reduce((sum, { count }) => sum + count, 0),
      commands: told.length,
      packing,
      killed,
    };
  }

  /**
   * Opens the store as its owner would, lets it finish what was left, and checks everything.
   *
   * @param {import('./plan.mjs').Round['orders']} orders
   * @returns {Promise<{ readonly timers: number }>} how many timers there were, as far as the log says
   */
  async recover({ durability, threads }) {
    const engine = await openTortured({ store: this.store, durability, threads });
    const openedAt = Date.now();
    try {
      await this.ledger.askAgain(engine, ASKED_AGAIN);
      await engine.drain({ signal: AbortSignal.timeout(RECOVERY_MILLISECONDS) });
    } finally {
      await engine.close();
    }
    const log = readLog(this.store);
    checkAcknowledged(log, this.acknowledged);
    checkHandled(log);
    checkFinished(log);
    checkDue(log.timed, openedAt);
    this.ledger.check(log);
    verify(this.store);
    return { timers: log.timed.count };
  }

  /**
   * Looks at a copy, because looking leaves traces, and the next engine is to find what the kill left.
   *
   * @param {number | undefined} packBehind
   * @returns {boolean} whether the kill has cut the packing of segments short
   */
  #checkCopy(packBehind) {
    if (!existsSync(this.store)) {
      checkAcknowledged(emptyLog(), this.acknowledged);
      return false;
    }
    const copy = join(mkdtempSync(`${this.store}-copy-`), 'events.db');
    for (const suffix of SUFFIXES) {
      if (existsSync(this.store + suffix)) copyFileSync(this.store + suffix, copy + suffix);
    }
    if (isCreated(copy)) {
      const log = readLog(copy);
      checkAcknowledged(log, this.acknowledged);
      checkHandled(log);
      this.ledger.check(log);
      verify(copy);
    } else checkAcknowledged(emptyLog(), this.acknowledged);
    const packing = packBehind !== undefined && isPacking(copy, packBehind);
    rmSync(dirname(copy), { recursive: true });
    return packing;
  }
}

/**
 * Whether a killed process had come to the end of creating the store. The journal is deleted last; while it is
 * there, a writer has to take the creation back, and a reader cannot.
 *
 * @param {string} store
 */
function isCreated(store) {
  return statSync(store).size > 0 && !existsSync(`${store}-journal`);
}

/** @param {string} store */
function verify(store) {
  const { problems } = verifyStore(store);
  deepStrictEqual(problems, [], 'what verification finds');
}

/**
 * @param {Error} cause
 * @param {number} seed
 * @param {number} kill
 * @param {import('./plan.mjs').Round} round
 * @param {string} folder
 */
function describe(cause, seed, kill, { style, ending, orders: { durability, threads } }, folder) {
  const when = `kill ${kill} (${style}, ${durability}, ${threads} threads, ${JSON.stringify(ending)})`;
  return new Error(`Seed ${seed}, ${when}: ${cause.message}\nThe store is kept in ${folder}.`, { cause });
}
