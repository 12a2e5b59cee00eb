import { defineHandlers } from 'millrace/define';
import { OrderPlaced, PositionChanged, RiskScored } from './events.mjs';

/** Simulated price paths of a score. */
const PATHS = 40;
const STEPS = 25;

/** @type {Map<string, number>} */
const positions = new Map();

/**
 * Expected shortfall of a simulated price path, with the lane's own seeded random numbers.
 *
 * @param {number} price
 * @param {() => number} random
 */
function scoreRisk(price, random) {
  let worst = 0;
  for (let path = 0; path < PATHS; path++) {
    let value = price;
    for (let step = 0; step < STEPS; step++) value *= 1 + 0.01 * (random() - 0.5);
    worst = Math.max(worst, 1 - value / price);
  }
  return worst;
}

export default defineHandlers('risk', (on) => {
  on(OrderPlaced, ({ data }, ctx) => {
    const score = scoreRisk(data.price, () => ctx.random());
    ctx.emit(RiskScored({ market: data.market, score }));
    ctx.emit(PositionChanged({ market: data.market, quantity: data.quantity }));
  });
  on(PositionChanged, ({ data }) => {
    positions.set(data.market, (positions.get(data.market) ?? 0) + data.quantity);
  });
});
