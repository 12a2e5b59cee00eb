import { EventEmitter } from 'node:events';
import { EventEmitter as EventEmitter3 } from 'eventemitter3';
import { openEngine } from 'millrace';
import { makeOrder, type Order, OrderPlaced } from './events.js';

/** The little that the publisher bench needs of whoever is measured. */
export interface PublisherUnderTest {
  subscribe(handler: (order: Order) => void): void;
  /** Builds and publishes `count` events. Returns or resolves when all handlers have seen all of them. */
  publish(count: number): void | Promise<void>;
  close(): Promise<void>;
}

const ORDER_ID = 'order-000001';

async function millrace(validate: 'publish' | 'off'): Promise<PublisherUnderTest> {
  const engine = await openEngine({ events: [OrderPlaced], threads: 0, validate });
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

export type PublisherName = 'millrace' | 'millrace validated' | 'EventEmitter' | 'eventemitter3';

/** Every publisher by name. Another one of Millrace's own is one entry more. */
export const PUBLISHERS: Readonly<Record<PublisherName, () => Promise<PublisherUnderTest>>> = {
  millrace: () => millrace('off'),
  'millrace validated': () => millrace('publish'),
  EventEmitter: async () => emitter(new EventEmitter().setMaxListeners(0)),
  eventemitter3: async () => emitter(new EventEmitter3() as unknown as EventEmitter),
};
