import { existsSync } from 'node:fs';
import { command, defineAggregate } from 'millrace/aggregates';
import { defineEvent } from 'millrace/define';
import { ERROR_CLASSES, NotDeterministicError } from 'millrace/errors';
import { z } from '#zod';

/** A command that a handler is to send. */
const send = z.object({
  to: z.string(),
  n: z.number().default(0),
  /** The time of what is added, when a caller asks in deterministic mode. */
  at: z.number().optional(),
  what: z
    .enum(['add', 'none', 'refuse', 'throw', 'die', 'late', 'when', 'coded', 'own', 'kept', 'spin'])
    .default('add'),
  /** For `coded` and `own`: what they throw bears this code, or is of this code's class. */
  code: z.string().optional(),
  /** For `when`: it fails while there is no such file. */
  path: z.string().default(''),
  /** What the handlers of its event send in turn. */
  next: z.array(z.unknown()).default([]),
});

/** Has handlers send commands. */
export const Asked = defineEvent('saga.asked', {
  schema: z.object({
    key: z.string(),
    sends: z.array(send),
    end: z.enum(['ok', 'throw', 'throw-once', 'slow']).default('ok'),
  }),
  aggregateId: ({ key }) => `asked-${key}`,
  partitionKey: ({ key }) => key,
});

/** A box has a number more. All boxes of one name up to the first dash are in one key. */
export const Added = defineEvent('saga.added', {
  schema: z.object({ box: z.string(), n: z.number(), next: z.array(z.unknown()).default([]) }),
  aggregateId: ({ box }) => box,
  partitionKey: ({ box }) => box.split('-')[0] ?? box,
});

/** What a handler of an added number says. */
export const Heard = defineEvent('saga.heard', {
  schema: z.object({ key: z.string(), box: z.string(), n: z.number() }),
  aggregateId: ({ key }) => `heard-${key}`,
  partitionKey: ({ key }) => key,
});

export const SAGA_EVENTS = [Asked, Added, Heard];

/** @type {unknown} */
let refusal;

/** Keeps numbers, and fails in all ways. */
export const Box = defineAggregate('box', {
  events: [Added],
  initial: () => /** @type {number[]} */ ([]),
  evolve: (numbers, { data: { n } }) => {
    if (n === 666) throw new NotDeterministicError('made up');
    return [...numbers, n];
  },
  commands: {
    add: command(send, (numbers, { n, next, at }, ctx) => {
      ctx.emit(Added({ box: ctx.aggregateId, n, next }, at === undefined ? {} : { occurredAt: at }));
      return numbers.length + 1;
    }),
    none: command(send, () => {}),
    refuse: command(send, (_numbers, { n }, ctx) => ctx.refuse('never', `Not ${n}.`)),
    throw: command(send, (_numbers, { n }) => {
      throw new RangeError(`broken ${n}`);
    }),
    die: command(send, () => process.exit(7)),
    late: command(send, async (_numbers, { n }, ctx) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      ctx.emit(Added({ box: ctx.aggregateId, n }));
    }),
    coded: command(send, (_numbers, { code }) => {
      throw Object.assign(new Error('made up'), { code });
    }),
    own: command(send, async (_numbers, { code }) => {
      await Promise.resolve();
      const Own = ERROR_CLASSES.get(code ?? '') ?? Error;
      throw new Own('made up', { details: { rule: 'made up' } });
    }),
    /** Refuses, and has the next one throw that refusal again. */
    kept: command(send, (_numbers, { n }, ctx) => {
      if (n > 0) throw refusal;
      try {
        ctx.refuse('kept');
      } catch (error) {
        refusal = error;
      }
    }),
    spin: command(send, () => {
      for (;;);
    }),
    when: command(send, (_numbers, { n, path }, ctx) => {
      if (!existsSync(path)) throw new Error('not yet');
      ctx.emit(Added({ box: ctx.aggregateId, n }));
    }),
  },
});

/** On no lane but where a test says so. */
export const Elsewhere = defineAggregate('elsewhere', {
  events: [Added],
  initial: () => 0,
  evolve: (sum, { data: { n } }) => sum + n,
  commands: { add: command(send, () => {}) },
});
