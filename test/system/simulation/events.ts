import { defineEvent } from 'millrace/define';
import { z } from 'zod';

const timerOrder = z.object({
  name: z.string(),
  /** When it fires; left out: it is cancelled. */
  at: z.number().optional(),
  /** Of the task that it publishes. */
  key: z.string(),
});

export type TimerOrder = z.infer<typeof timerOrder>;

/** What a handler sends to a ledger, and what that does with it. */
const send = z.object({
  ledger: z.string(),
  /** Tries that throw before one succeeds. */
  throws: z.number(),
  /** Whether a lane dies of it, once. */
  kills: z.boolean(),
  pauses: z.boolean(),
  isRefused: z.boolean(),
});

export type Send = z.infer<typeof send>;

/** What a handler does with its event. */
const task = z.object({
  key: z.string(),
  number: z.number(),
  /** Steps that its handler awaits. */
  pauses: z.number(),
  /** Tries that throw before one succeeds. */
  throws: z.number(),
  /** Tries that kill the lane, before those that throw. */
  kills: z.number(),
  /** Whether it kills while its handler is on the stack, or later. */
  sync: z.boolean(),
  /** Tasks that it emits: to its own key or to another. */
  emits: z.array(z.string()),
  /** What it wants of its key's timers. */
  timers: z.array(timerOrder),
  /** Commands that it sends. */
  sends: z.array(send).readonly().optional(),
  /** The time before which it must not be there; 0 when no timer has published it. */
  due: z.number(),
});

const keyed = { schema: task, aggregateId: (data: { key: string }) => data.key };

export const Parking = defineEvent('sim.parking', keyed);
export const Skipping = defineEvent('sim.skipping', keyed);
export const Stopping = defineEvent('sim.stopping', keyed);

/** What a timer publishes: a task as well. */
export const Ringing = defineEvent('sim.ringing', keyed);

/** A task of another aggregate that is ordered with its key. */
export const Lodging = defineEvent('sim.lodging', {
  schema: task,
  aggregateId: (data) => `lodger-${data.number % 3}-of-${data.key}`,
  partitionKey: (data) => data.key,
});

const effect = z.object({
  key: z.string(),
  number: z.number(),
  attempt: z.number(),
  /** How many of the key its handlers have counted with it. */
  count: z.number(),
});

/** Emitted once for each task that was done; nobody handles it. */
export const Done = defineEvent('sim.done', {
  schema: effect,
  aggregateId: (data) => `done-${data.key}`,
  partitionKey: (data) => data.key,
});

/** The same of the module that comes later. */
export const LateDone = defineEvent('sim.late_done', {
  schema: effect,
  aggregateId: (data) => `late-${data.key}`,
  partitionKey: (data) => data.key,
});

const count = z.object({ counter: z.string(), number: z.number(), amount: z.number() });

/** What a command has decided, and what its counter was before, as far as the command knows it. */
export const Added = defineEvent('sim.added', {
  schema: count.extend({ before: z.number() }),
  aggregateId: (data) => data.counter,
});

/** Published to the same counters, without a command. */
export const Lowered = defineEvent('sim.lowered', { schema: count, aggregateId: (data) => data.counter });

/** What a handler sent, by its event and as its how many-eth. */
export const Entered = defineEvent('sim.entered', {
  schema: z.object({ ledger: z.string(), position: z.number(), index: z.number() }),
  aggregateId: (data) => data.ledger,
});

export const TASKS = [Parking, Skipping, Stopping, Lodging, Ringing] as const;

/** All types of a life's log. */
export const TYPES = [...TASKS, Done, LateDone, Added, Lowered, Entered] as const;

export type Task = z.infer<typeof task>;
