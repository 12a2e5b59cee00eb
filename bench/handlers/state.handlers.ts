import { defineHandlers, defineState } from 'millrace/define';
import { OrderPlaced } from '../support/events.js';
import { addToSum } from '../support/sums.js';

/** Ten numbers, as a candle or a position has them. */
const Totals = defineState({
  name: 'totals',
  initial: () => ({
    orders: 0,
    bids: 0,
    asks: 0,
    quantity: 0,
    first: 0,
    high: 0,
    low: 0,
    last: 0,
    turnover: 0,
    at: 0,
  }),
});

/** The counting handler, with a state for each key. */
export default defineHandlers('state', (on) => {
  on(OrderPlaced, { state: Totals }, ({ data }, state, { shared, lane }) => {
    state.orders++;
    if (data.side === 'bid') state.bids++;
    else state.asks++;
    state.quantity += data.quantity;
    if (state.first === 0) state.first = data.price;
    state.high = Math.max(state.high, data.price);
    state.low = state.low === 0 ? data.price : Math.min(state.low, data.price);
    state.last = data.price;
    state.turnover += data.price * data.quantity;
    state.at = data.placed_at;
    addToSum(shared, lane, data.quantity);
  });
});
