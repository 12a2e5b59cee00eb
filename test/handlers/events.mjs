import { defineEvent } from 'millrace/define';
import { z } from '#zod';

/** Money comes in: handled, and it leads to `Credited`. */
export const Deposited = defineEvent('account.deposited', {
  schema: z.object({ account: z.string().min(1), amount: z.number() }),
  aggregateId: (data) => data.account,
});

/** Emitted for a deposit to another aggregate, and handled itself. */
export const Credited = defineEvent('ledger.credited', {
  schema: z.object({ ledger: z.string(), account: z.string(), amount: z.number(), lane: z.number() }),
  aggregateId: (data) => data.ledger,
});

/** Emitted for a credit. Nobody handles it. */
export const Audited = defineEvent('audit.recorded', {
  schema: z.object({ audit: z.string(), amount: z.number() }),
  aggregateId: (data) => data.audit,
});

/** Nobody handles it; `value` is whatever a test wants to store. */
export const Noted = defineEvent('note.noted', {
  schema: z.object({ note: z.string(), value: z.any().optional() }),
  aggregateId: (data) => data.note,
});

/** Handled by a handler that holds on until its gate in shared memory is opened. */
export const Held = defineEvent('gate.held', {
  schema: z.object({ gate: z.string() }),
  aggregateId: (data) => data.gate,
});

/** One step of a key's walk through the ordering tests. */
export const Stepped = defineEvent('walk.stepped', {
  schema: z.object({
    walk: z.string(),
    /** Number of the walk, and of the step among all steps of the test. */
    key: z.number(),
    step: z.number(),
    /** How its handler spends its time. */
    pace: z.enum(['sync', 'spin', 'microtask', 'immediate', 'timer']),
    /** Tries that fail before one succeeds. */
    failures: z.number().default(0),
    /** Further steps that it emits to its own key. */
    emits: z.number().default(0),
  }),
  aggregateId: (data) => data.walk,
});

/** Emitted once for each finished step; nobody handles it. */
export const Walked = defineEvent('walk.walked', {
  schema: z.object({ track: z.string(), key: z.number(), step: z.number() }),
  aggregateId: (data) => data.track,
});

/** Handlers fail as the payload says: `parked`, `skipped` and `stopped` name the policy of their type. */
const failing = z.object({
  id: z.string(),
  number: z.number(),
  /** Tries that fail; 1,000 is always. */
  failures: z.number().default(0),
  async: z.boolean().default(false),
});

export const Parking = defineEvent('failing.parking', { schema: failing, aggregateId: (data) => data.id });
export const Skipping = defineEvent('failing.skipping', { schema: failing, aggregateId: (data) => data.id });
export const Stopping = defineEvent('failing.stopping', { schema: failing, aggregateId: (data) => data.id });

/** What the failing handlers emit: on every try, the failed ones included. */
export const Tried = defineEvent('failing.tried', {
  schema: z.object({ id: z.string(), number: z.number(), attempt: z.number() }),
  aggregateId: (data) => `tried-${data.id}`,
});

/** Handled by a handler that does what the payload says, to itself, its thread or its time. */
export const Endangered = defineEvent('peril.endangered', {
  schema: z.object({
    id: z.string(),
    number: z.number(),
    peril: z
      .enum([
        'none',
        'exit',
        'uncaught',
        'rejection',
        'memory',
        'loop',
        'loopLater',
        'hang',
        'polite',
        'listening',
        'late',
        'lateAsync',
        'afterwards',
        'slow',
        'unlimited',
      ])
      .default('none'),
    /** Tries that are perilous. */
    tries: z.number().default(1000),
  }),
  aggregateId: (data) => data.id,
});

/** Emitted by each event that came through. */
export const Survived = defineEvent('peril.survived', {
  schema: z.object({ id: z.string(), number: z.number(), attempt: z.number(), lane: z.number() }),
  aggregateId: (data) => `survivors-${data.id}`,
});

export const ALL_EVENTS = [
  Deposited,
  Credited,
  Audited,
  Noted,
  Held,
  Stepped,
  Walked,
  Parking,
  Skipping,
  Stopping,
  Tried,
  Endangered,
  Survived,
];
