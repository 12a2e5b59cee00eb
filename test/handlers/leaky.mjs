import { defineHandlers } from 'millrace/define';
import { Noted } from './events.mjs';

class KeptForEver {
  /** @param {number} value */
  constructor(value) {
    this.value = value;
  }
}

class Passing extends KeptForEver {}

/** @type {KeptForEver[]} */
const kept = [];
/** @type {Passing[]} */
let passing = [];

export default defineHandlers('leaky', (on) => {
  on(Noted, ({ data }) => {
    kept.push(new KeptForEver(data.value));
    // As many as the largest load, whatever came before: a cache, and no leak.
    passing = [...passing, new Passing(data.value)].slice(-100);
  });
});
