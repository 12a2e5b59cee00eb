import { types } from 'node:util';
import type { z } from 'zod';
import type { AnyEventType, EventOf, EventType, NewEvent } from '../../events/define-event.js';
import { optionNames, takeOptions } from '../../events/known-options.js';
import { isStorable, isWhole } from '../../kernel/check.js';
import { InvalidDefinitionError } from '../../kernel/errors.js';
import { shown } from '../../kernel/thrown.js';
import { MAX_NAME_BYTES } from '../../limits.js';

const MAX_NUMBER = 2 ** 31 - 1;

const BRAND = Symbol.for('millrace.aggregate');

/** The events that a command of an aggregate may emit. */
type Emitted<Type> =
  Type extends EventType<infer Name, infer Schema> ? NewEvent<Name, z.input<Schema>> : NewEvent;

/** What a command may do. */
export interface CommandContext<Types extends AnyEventType = AnyEventType> {
  readonly aggregateId: string;
  /** The version of the aggregate that the state is of; 0 when it does not exist. */
  readonly version: number;
  /** The event is appended when the command has returned: all of one command, or none. */
  emit(event: Emitted<Types>): void;
  /**
   * Ends the command; nothing of it is appended.
   *
   * @param rule a name of the rule that forbids it, for programs: `insufficient_funds`.
   * @param message for people. Default: the rule.
   * @throws CommandRefusedError always.
   */
  refuse(rule: string, message?: string, details?: Readonly<Record<string, unknown>>): never;
}

/**
 * Decides what follows from a command: looks at the state, emits events or refuses, returns the reply. It is called again
 * when others were first, so it changes nothing and reads no clock.
 */
export type Command<State, Input, Reply, Types extends AnyEventType = AnyEventType> = (
  state: State,
  input: Input,
  ctx: CommandContext<Types>,
) => Reply;

type Commands<State, Types extends AnyEventType> = Readonly<
  Record<string, Command<State, never, unknown, Types>>
>;

/** How `defineAggregate` is told about an aggregate. */
export interface AggregateOptions<State, Types extends AnyEventType, All> {
  /** The event types that make up its state. */
  readonly events: readonly Types[];
  /** The state of an aggregate that does not exist yet. */
  readonly initial: () => State;
  /** The state after an event. It refuses nothing: what is in the log has happened. */
  readonly evolve: (state: State, event: EventOf<Types>) => State;
  /** By name, what the aggregate can be asked to do. */
  readonly commands: All;
  /**
   * Whole number from 1 to 2^31 - 1, to be raised when `initial`, `evolve` or what they are given of events has changed:
   * snapshots of another version are made anew from the log. Default 1.
   */
  readonly version?: number;
  /**
   * Saves the state after so many events of an aggregate, 1 to 2^31 - 1, so that it is read from there and not from its
   * first event when no lane has it. The state is plain data then, at most 1 MiB. Default: no snapshots, because who changes
   * `evolve` must raise `version` where there are some.
   */
  readonly snapshotEvery?: number;
}

/** An aggregate that takes commands, as `defineAggregate` makes it. */
export interface Aggregate<
  State = unknown,
  Types extends AnyEventType = AnyEventType,
  All = Readonly<Record<string, unknown>>,
> {
  readonly name: string;
  readonly events: readonly Types[];
  readonly initial: () => State;
  readonly evolve: (state: State, event: EventOf<Types>) => State;
  readonly commands: All;
  readonly version: number;
  /** Undefined: it has no snapshots. */
  readonly snapshotEvery: number | undefined;
}

/** Any aggregate, whatever its state, its events and its commands are. */
export interface AnyAggregate {
  readonly name: string;
  readonly commands: unknown;
}

/** What a command takes. */
export type CommandInput<Decide> = Decide extends (state: never, input: infer Input, ctx: never) => unknown
  ? Input
  : never;
/** What a command replies. */
export type CommandReply<Decide> = Decide extends (...args: never) => infer Reply ? Awaited<Reply> : never;

/** The schemas of commands that have one. */
const schemas = new WeakMap<object, z.ZodType>();

/** A command whose input is checked against a schema before it decides. What it is given is the schema's output. */
export function command<State, Schema extends z.ZodType, Reply, Types extends AnyEventType>(
  schema: Schema,
  decide: Command<State, z.output<Schema>, Reply, Types>,
): Command<State, z.output<Schema>, Reply, Types> {
  if (typeof schema?.safeParse !== 'function' || typeof decide !== 'function') {
    throw new InvalidDefinitionError('command(schema, decide) needs a Zod schema and a function.');
  }
  const checked: typeof decide = (state, input, ctx) => decide(state, input, ctx);
  schemas.set(checked, schema);
  return checked;
}

export function schemaOf(decide: object): z.ZodType | undefined {
  return schemas.get(decide);
}

const AGGREGATE = optionNames<AggregateOptions<unknown, AnyEventType, unknown>>(
  'defineAggregate',
  {
    events: true,
    initial: 'function',
    evolve: 'function',
    commands: true,
    version: true,
    snapshotEvery: true,
  },
  InvalidDefinitionError,
);

/**
 * Describes an aggregate by its state and its commands: a decider.
 *
 * @param name what errors call it.
 * @throws InvalidDefinitionError
 */
export function defineAggregate<State, Types extends AnyEventType, All extends Commands<State, Types>>(
  name: string,
  options: AggregateOptions<State, Types, All>,
): Aggregate<State, Types, All> {
  const refuse = (what: string): never => {
    throw new InvalidDefinitionError(`Aggregate ${shown(name)}: ${what}`);
  };
  if (typeof name !== 'string' || name === '') refuse('its name must be a text.');
  const {
    events,
    initial,
    evolve,
    commands,
    version = 1,
    snapshotEvery,
  } = takeOptions(options, AGGREGATE) as typeof options;
  const isList = Array.isArray(events) && events.length > 0;
  // A hole is looked at like everything else.
  if (!isList || [...events].some((type) => typeof type?.type !== 'string')) {
    refuse('events must be a list of the event types that make up its state: events: [Deposited].');
  }
  if (typeof initial !== 'function') refuse('initial must be a function that makes the state of a new one.');
  if (typeof evolve !== 'function') refuse('evolve must be a function of the state and an event.');
  // What has no names of its own passes for one without commands.
  const isOther = Array.isArray(commands) || types.isMap(commands) || types.isSet(commands);
  if (typeof commands !== 'object' || commands === null || isOther)
    refuse('commands must be an object of functions.');
  for (const [command, decide] of Object.entries(commands)) {
    if (typeof decide !== 'function') refuse(`its command ${shown(command)} must be a function.`);
  }
  for (const [option, value] of Object.entries({ version, snapshotEvery })) {
    if (value === undefined || isWhole(value, 1, MAX_NUMBER)) continue;
    refuse(`${option} is ${shown(value)}; it must be a whole number from 1 to ${MAX_NUMBER}.`);
  }
  if (snapshotEvery !== undefined && !isStorable(name, MAX_NAME_BYTES)) {
    refuse(
      `with snapshotEvery its name must be a text of 1 to ${MAX_NAME_BYTES} bytes in UTF-8, without half characters.`,
    );
  }
  return Object.freeze({
    [BRAND]: true as const,
    name,
    events: Object.freeze([...events]),
    initial,
    evolve,
    commands: Object.freeze({ ...commands }),
    version,
    snapshotEvery,
  });
}

/** Whether `defineAggregate` made it, of this or another copy of the package. */
export function isAggregate(value: unknown): value is Aggregate {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, BRAND);
}
