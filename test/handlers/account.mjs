import { defineHandlers } from 'millrace/define';
import { Audited, Credited, Deposited } from './events.mjs';

/** A chain of two: deposit, credit, audit. */
export default defineHandlers('account', (on) => {
  on(Deposited, ({ data: { account, amount } }, ctx) => {
    ctx.emit(Credited({ ledger: `ledger-${account}`, account, amount, lane: ctx.lane }));
  });
  on(Credited, async ({ data: { account, amount } }, ctx) => {
    await null;
    ctx.emit(Audited({ audit: `audit-${account}`, amount }));
  });
});
