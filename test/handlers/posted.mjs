import { setTimeout as pause } from 'node:timers/promises';
import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

/** An event whose aggregate and key are what the test says. */
export const Posted = defineEvent('post.posted', {
  schema: z.object({
    id: z.string(),
    key: z.string(),
    value: z.unknown().optional(),
    /** Aggregates that the handler emits to, all with the same key. */
    emit: z.array(z.string()).optional(),
    pause: z.boolean().optional(),
  }),
  aggregateId: (data) => data.id,
  partitionKey: (data) => data.key,
});

/**
 * Written by inline handlers: what ran, and the keys of which two ran at once. Global, because the test has a copy of
 * this module of its own.
 *
 * @type {{ order: string[], overlaps: string[], cured: boolean }}
 */
export const ran = Reflect.get(globalThis, 'millrace.test.ran') ?? { order: [], overlaps: [], cured: false };
Reflect.set(globalThis, 'millrace.test.ran', ran);
/** @type {Set<string>} */
const running = new Set();

export default defineHandlers('posted', (on) => {
  on(Posted, async ({ data, version }, ctx) => {
    const { id, key } = data;
    if (running.has(key)) ran.overlaps.push(key);
    running.add(key);
    if (data.value === 'fails' && !ran.cured) {
      running.delete(key);
      throw new Error('not cured');
    }
    if (data.pause) await pause(5);
    running.delete(key);
    ran.order.push(`${id} ${version}`);
    for (const other of data.emit ?? []) ctx.emit(Posted({ id: other, key }, { occurredAt: 1 }));
  });
});
