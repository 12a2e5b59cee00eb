import { runInNewContext } from 'node:vm';
import { defineHandlers } from 'millrace/define';
import { Noted } from './events.mjs';

/** Things that are not made as errors are made, by the `value` of the note. @type {Record<string, () => unknown>} */
const ODD = {
  stackless: () => Object.assign(new Error('x'), { stack: null }),
  message: () => Object.assign(new Error('x'), { message: { reason: 'an object' } }),
  getter: () =>
    Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('not even that');
      },
    }),
  revoked: () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  foreign: () => runInNewContext('new TypeError("of another realm")'),
  symbol: () => Symbol('thrown'),
  nothing: () => undefined,
};

export default defineHandlers('throwing', (on) => {
  on(Noted, ({ data: { value } }, ctx) => {
    const make = ODD[value];
    if (make && !ctx.shared.healed) throw make();
  });
});
