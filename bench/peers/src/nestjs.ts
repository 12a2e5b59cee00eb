import 'reflect-metadata';
import { setImmediate as turn } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CqrsModule, EventBus, EventsHandler } from '@nestjs/cqrs';
import type { Order } from '../../dist/support/events.js';
import type { Sample } from '../../dist/support/sample.js';
import type { PeerRun, Tally } from './load.js';
import { measure } from './measure.js';

class OrderPlaced {
  readonly order: Order;

  constructor(order: Order) {
    this.order = order;
  }
}

/** The event bus of NestJS CQRS with one handler: in memory, on the main thread. */
export default function run(plan: PeerRun): Promise<Sample> {
  return measure(plan, async (tally) => {
    const application = await NestFactory.createApplicationContext(applicationOf(tally), { logger: false });
    const bus = application.get(EventBus);
    return {
      publish: async (load, total) => {
        for (const { orders } of load) {
          for (const order of orders) bus.publish(new OrderPlaced(order));
          // It keeps a list of handlers under way and searches it: thousands at once would cost twenty times as much.
          await turn();
        }
        await tally.reach(total);
      },
      close: () => application.close(),
    };
  });
}

/** Decorators as the functions that they are: the bench is compiled without them. */
function applicationOf(tally: Tally): new () => object {
  class CountOrders {
    handle({ order }: OrderPlaced): void {
      tally.see(order);
    }
  }
  EventsHandler(OrderPlaced)(CountOrders);
  class Application {}
  Module({ imports: [CqrsModule.forRoot()], providers: [CountOrders] })(Application);
  return Application;
}
