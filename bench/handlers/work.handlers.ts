import { defineHandlers } from 'millrace/define';
import { WorkOrdered } from '../support/events.js';
import { addToSum } from '../support/sums.js';
import { work } from '../support/work.js';

export default defineHandlers('work', (on) => {
  on(WorkOrdered, (event, { shared, lane }) => addToSum(shared, lane, work(event.data.rounds)));
});
