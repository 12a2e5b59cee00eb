import { defineHandlers } from 'millrace/define';
import { OrderNoted, OrderPlaced } from '../support/events.js';
import { addToSum } from '../support/sums.js';

/** The lightest honest handler: it reads the payload and keeps a sum, by which a run proves that none is lost. */
export default defineHandlers('count', (on) => {
  on(OrderPlaced, (event, { shared, lane }) => addToSum(shared, lane, event.data.quantity));
  on(OrderNoted, (event, { shared, lane }) => addToSum(shared, lane, event.data.quantity));
});
