import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { accountOf, ask, partsOf } from './ledger.mjs';

/**
 * What a client was told of a command.
 *
 * @typedef {{ readonly number: number, readonly version: number, readonly position: number, readonly balance: number }} Reply
 */

/** Commands that clients have asked for, across the deaths of the processes that they asked. */
export class Ledger {
  /** @type {Map<number, Reply>} by number */
  replies = new Map();
  /** @type {Set<number>} numbers that were refused */
  refused = new Set();
  /** @type {Set<number>} numbers that were asked and not answered: nobody knows whether they were done */
  open = new Set();

  /**
   * Takes in what the clients of a round were told. Each asks for one command at a time, with numbers that go on by as
   * many as there are clients; so the first of them that was not answered was asked.
   *
   * @param {readonly import('./kill.mjs').Told[]} told
   * @param {{ readonly firstNumber: number, readonly clients?: number | undefined }} round
   */
  take(told, { firstNumber, clients = 0 }) {
    for (const { number, reply } of told) {
      this.open.delete(number);
      if (reply) this.replies.set(number, reply);
      else this.refused.add(number);
    }
    const isAnswered = (/** @type {number} */ number) => this.replies.has(number) || this.refused.has(number);
    for (let client = 0; client < clients; client++) {
      let number = firstNumber + client;
      while (isAnswered(number)) number += clients;
      this.open.add(number);
    }
  }

  /**
   * Asks again for what was not answered, and for the newest of what was: of these the answer is the one from before.
   *
   * @param {import('millrace').Engine} engine
   * @param {number} newest
   */
  async askAgain(engine, newest) {
    for (const reply of [...this.replies.values()].slice(-newest)) {
      deepStrictEqual(await ask(engine, reply.number), reply, `command ${reply.number}, asked again`);
    }
    for (const number of this.open) {
      const reply = await ask(engine, number);
      this.open.delete(number);
      if (reply) this.replies.set(number, reply);
      else this.refused.add(number);
    }
  }

  /**
   * Each command was done once as a whole or not at all, on what its account had then, and no account has less than
   * nothing; what was replied is true, and of what was refused nothing is there.
   *
   * @param {Pick<import('./check.mjs').Log, 'moved'>} log
   */
  check({ moved }) {
    const done = new Set();
    for (const [account, moves] of moved) {
      let balance = 0;
      for (let version = 0; version < moves.length; ) {
        const { number } = /** @type {import('./check.mjs').Move} */ (moves[version]);
        const parts = partsOf(number);
        strictEqual(accountOf(number), account, `the account of command ${number}`);
        ok(!done.has(number), `command ${number} is done twice`);
        ok(!this.refused.has(number), `command ${number} was refused, and is done`);
        done.add(number);
        for (const amount of parts) {
          const move = moves[version++];
          deepStrictEqual(
            [move?.number, move?.amount, move?.before],
            [number, amount, balance],
            `a part of command ${number}, as its account was`,
          );
          balance += amount;
        }
        ok(balance >= 0, `command ${number} leaves ${balance} on its account`);
      }
    }
    for (const reply of this.replies.values()) checkReply(moved, reply);
  }
}

/** @param {import('./check.mjs').Log['moved']} moved @param {Reply} reply */
function checkReply(moved, { number, version, position, balance }) {
  const move = moved.get(accountOf(number))?.[version - 1];
  deepStrictEqual(
    [move?.number, move?.position, move && move.before + move.amount],
    [number, position, balance],
    `what command ${number} was replied`,
  );
}
