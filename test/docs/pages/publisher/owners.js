import { defineEvent } from 'millrace/define';
import { createPublisher } from 'millrace/publisher';
import { z } from 'zod';

const OrderPlaced = defineEvent('trading.order_placed', {
  schema: z.object({ order: z.string() }),
  aggregateId: ({ order }) => order,
});
const publisher = createPublisher({ events: [OrderPlaced] });

class Portfolio {
  /** @type {string[]} */
  orders = [];

  /** @param {{ data: { order: string } }} event */
  onOrder({ data }) {
    this.orders.push(data.order);
  }
}

const portfolio = new Portfolio();
// A method is called with its owner as `this`. Once nothing else holds the portfolio, the subscription ends.
publisher.subscribe(OrderPlaced, portfolio.onOrder, { owner: portfolio, weak: true });
const audit = publisher.subscribe(OrderPlaced, () => {}, { owner: 'audit' });

publisher.publish(OrderPlaced({ order: 'o1' }));
console.log(portfolio.orders, audit.calls, audit.topic);

console.log(publisher.unsubscribeOwner('audit'), audit.isActive);
console.log(publisher.removeUnused({ olderThan: 60_000 }).length, publisher.subscriptions().length);
