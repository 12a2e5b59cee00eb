import { defineEvent } from 'millrace/define';
import type { SubscriberFailure } from 'millrace/publisher';
import { z } from 'zod';

const options = {
  schema: z.object({ id: z.string(), size: z.number().default(0) }),
  aggregateId: ({ id }: { id: string }) => id,
};

/** Four events whose names share segments, for whoever subscribes by pattern. */
export const Opened = defineEvent('shop.opened', options);
export const Closed = defineEvent('shop.closed', options);
export const Sold = defineEvent('shop.till.sold', options);
export const Created = defineEvent('user.created', options);

export const EVENTS = [Opened, Closed, Sold, Created];

/** What is the same of a failure in every run. */
export function essence({ subscription, topic, event, attempts, error }: SubscriberFailure) {
  return { subscription, topic, position: event.position, attempts, cause: error.cause };
}

/** A promise, and what settles it. */
export interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function deferred(): Deferred {
  let [resolve, reject]: [() => void, (error: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<void>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}
