import { defineAggregate } from 'millrace/aggregates';
import { defineEvent } from 'millrace/define';
import { z } from '#zod';

const schema = z.object({ account: z.string(), n: z.number(), key: z.string().optional() });
/** @param {{ readonly account: string }} data */
const aggregateId = ({ account }) => account;
/** @param {{ readonly account: string, readonly key?: string | undefined }} data */
const partitionKey = ({ account, key }) => key ?? account;

export const Deposited = defineEvent('timed.deposited', { schema, aggregateId, partitionKey });
/** What a handler answers. */
export const Timed = defineEvent('timed.timed', { schema, aggregateId, partitionKey });

/** An aggregate whose events get their times from their commands. */
export const TimedAccount = defineAggregate('timed', {
  events: [Deposited],
  initial: () => /** @type {number[]} */ ([]),
  evolve: (all, { data }) => [...all, data.n],
  commands: {
    add: (all, /** @type {{ n: number }} */ { n }, ctx) => {
      ctx.emit(Deposited({ account: ctx.aggregateId, n }, { occurredAt: n }));
      return all;
    },
    key: (all, /** @type {{ n: number }} */ { n }, ctx) => {
      ctx.emit(Deposited({ account: ctx.aggregateId, n, key: 'shared' }, { occurredAt: n }));
      return all;
    },
    now: (_, /** @type {undefined} */ __, ctx) => ctx.emit(Deposited({ account: ctx.aggregateId, n: 0 })),
  },
});
