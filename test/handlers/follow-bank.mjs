import { defineHandlers } from 'millrace/define';
import { Deposited, Noted } from './aggregates.mjs';

/** Puts a note behind each deposit, into the same aggregate. */
export default defineHandlers('follow-bank', (on) => {
  on(Deposited, ({ data }, ctx) => ctx.emit(Noted({ account: data.account })));
});
