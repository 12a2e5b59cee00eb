import { defineAggregate } from 'millrace/aggregates';
import { defineEvent } from 'millrace/define';
import { z } from 'zod';

const ACCOUNTS = 13;

/** One part of what a command has decided, and what its account had before, as the command knows it. */
export const Moved = defineEvent('torture.moved', {
  schema: z.object({ account: z.string(), number: z.number(), amount: z.number(), before: z.number() }),
  aggregateId: (data) => data.account,
});

/** What a command is to do follows from its number, so that it can be asked again after a crash. */
export const accountOf = (/** @type {number} */ number) => `account-${number % ACCOUNTS}`;

/**
 * The amounts that a command moves: half of them take something out, and some do that in two parts.
 *
 * @param {number} number
 */
export function partsOf(number) {
  const amount = (1 + ((number * 7) % 20)) * (number % 2 === 0 ? 1 : -1);
  return number % 5 === 0 ? [amount, -1] : [amount];
}

/** The id that a command is known by. */
export const commandIdOf = (/** @type {number} */ number) => `command ${number}`;

/** An account that never has less than nothing. */
export const Account = defineAggregate('torture-account', {
  events: [Moved],
  initial: () => ({ balance: 0 }),
  evolve: ({ balance }, { data }) => ({ balance: balance + data.amount }),
  commands: {
    move: ({ balance }, /** @type {{ number: number }} */ { number }, ctx) => {
      let before = balance;
      for (const amount of partsOf(number)) {
        ctx.emit(Moved({ account: ctx.aggregateId, number, amount, before }));
        before += amount;
      }
      // What it has emitted by then is to be forgotten.
      if (before < 0) ctx.refuse('funds');
      return number % 3 === 0 ? Promise.resolve().then(() => before) : before;
    },
  },
});

/**
 * Asks for one command, and says what came of it in numbers; nothing but that it was refused when it was.
 *
 * @param {import('millrace').Engine} engine
 * @param {number} number
 */
export async function ask(engine, number) {
  const commandId = commandIdOf(number);
  try {
    const told = await engine.execute(Account, accountOf(number), 'move', { number }, { commandId });
    return { number, version: told.version, position: told.position, balance: told.reply };
  } catch (error) {
    if (/** @type {{ code?: string }} */ (error).code !== 'MILLRACE_COMMAND_REFUSED') throw error;
    return undefined;
  }
}
