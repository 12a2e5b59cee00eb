'use strict';
/** What a CommonJS module keeps by itself: one for its file, however often it is imported. */
const sums = new Map();

const { defineHandlers } = require('millrace/define');
const { Stepped, Told } = require('./state-events.mjs');

module.exports = defineHandlers('forgetful-common', (on) => {
  on(Stepped, ({ data: { key, n } }, ctx) => {
    const { sum, count } = sums.get(key) ?? { sum: 0, count: 0 };
    sums.set(key, { sum: sum + n, count: count + 1 });
    ctx.emit(Told({ key, n, sum: sum + n, count: count + 1 }));
  });
});
