import { defineEvent } from 'millrace/define';
import { z } from '#zod';

const old = { schema: z.object({ key: z.string(), number: z.number(), act: z.string().default('say') }) };

/** Events of two types that share their keys. `act` is what handlers do: say, say later, or throw. */
export const Old = defineEvent('late.old', { ...old, aggregateId: ({ key }) => key });
export const Other = defineEvent('late.other', {
  ...old,
  aggregateId: ({ key }) => `other-${key}`,
  partitionKey: ({ key }) => key,
});

/** Emitted by a module for each event that it has handled. */
export const Seen = defineEvent('late.seen', {
  schema: z.object({ by: z.string(), key: z.string(), number: z.number() }),
  aggregateId: ({ by, key }) => `seen-${by}-${key}`,
  partitionKey: ({ key }) => key,
});

export const LATE_EVENTS = [Old, Other, Seen];

/**
 * A handler that says what its module has seen.
 *
 * @param {string} by
 */
export const saying =
  (by) =>
  /**
   * @param {import('millrace').DomainEvent<{ key: string, number: number, act: string }>} event
   * @param {import('millrace').HandlerContext} ctx
   */
  ({ data: { key, number, act } }, ctx) => {
    const isBad = act === `throw ${by}` || act === 'throw all';
    if (isBad && !ctx.shared.healed && !ctx.shared[`${by} healed`]) throw new RangeError(`${by} cannot`);
    if (act !== 'later') return void ctx.emit(Seen({ by, key, number }));
    return new Promise((resolve) => {
      setImmediate(() => {
        ctx.emit(Seen({ by, key, number }));
        resolve(undefined);
      });
    });
  };
