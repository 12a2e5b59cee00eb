import { EventEmitter } from 'node:events';
import { EventEmitter as EventEmitter3 } from 'eventemitter3';
import { openEngine } from 'millrace';
import { createPublisher } from 'millrace/publisher';
import { makeOrder, type Order, OrderPlaced } from './events.js';

/** The little that the publisher bench needs of whoever is measured. */
export interface PublisherUnderTest {
  subscribe(handler: (order: Order) => void): void;
  /** Builds and publishes `count` events. Returns or resolves when all handlers have seen all of them. */
  publish(count: number): void | Promise<void>;
  close(): Promise<void>;
}

const ORDER_ID = 'order-000001';

function millrace(validate: 'publish' | 'off'): PublisherUnderTest {
  const publisher = createPublisher({ events: [OrderPlaced], validate });
  return {
    subscribe: (handler) => {
      publisher.subscribe(OrderPlaced, (event) => handler(event.data));
    },
    publish: (count) => {
      for (let index = 0; index < count; index++) publisher.publish(OrderPlaced(makeOrder(ORDER_ID, index)));
    },
    close: async () => {},
  };
}

/** Subscribers of an engine: they hear of an event once it has passed the sequencer and the log. */
async function engine(): Promise<PublisherUnderTest> {
  const engine = await openEngine({ events: [OrderPlaced], threads: 0, validate: 'off' });
  return {
    subscribe: (handler) => {
      engine.subscribe(OrderPlaced, (event) => handler(event.data));
    },
    publish: async (count) => {
      for (let index = 0; index < count; index++) {
        while (!engine.offer(OrderPlaced(makeOrder(ORDER_ID, index)))) await engine.ready();
      }
      await engine.drain();
    },
    close: () => engine.close(),
  };
}

function emitter(target: Pick<EventEmitter, 'on' | 'emit'>): PublisherUnderTest {
  return {
    subscribe: (handler) => {
      target.on(OrderPlaced.type, handler);
    },
    publish: (count) => {
      for (let index = 0; index < count; index++) target.emit(OrderPlaced.type, makeOrder(ORDER_ID, index));
    },
    close: async () => {},
  };
}

export type PublisherName =
  | 'millrace'
  | 'millrace validated'
  | 'millrace engine'
  | 'EventEmitter'
  | 'eventemitter3';

/** Every publisher by name. Another one of Millrace's own is one entry more. */
export const PUBLISHERS: Readonly<Record<PublisherName, () => Promise<PublisherUnderTest>>> = {
  millrace: async () => millrace('off'),
  'millrace validated': async () => millrace('publish'),
  'millrace engine': engine,
  EventEmitter: async () => emitter(new EventEmitter().setMaxListeners(0)),
  eventemitter3: async () => emitter(new EventEmitter3() as unknown as EventEmitter),
};
