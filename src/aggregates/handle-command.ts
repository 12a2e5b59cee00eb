import type { AnyEventType, EventOf, NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { optionNames, takeOptions } from '../events/known-options.js';
import type { AppendOptions, Engine, Until } from '../index.js';
import { waitsForItself } from '../kernel/async-context.js';
import { isStorable, isWhole } from '../kernel/check.js';
import {
  ConcurrencyError,
  InvalidDefinitionError,
  InvalidOptionError,
  WaitsForItselfError,
} from '../kernel/errors.js';
import { field, shown } from '../kernel/thrown.js';
import { type TellsWhenTaken, WHEN_TAKEN } from '../kernel/when-taken.js';
import { type Asked, decide, inputOf } from './decide.js';
import type { Aggregate, Command, CommandInput, CommandReply } from './define-aggregate.js';
import { atOnce, checkAggregateId, checkEngine, checkUntil } from './given.js';
import { COMMAND_RETRIES, MAX_COMMAND_ID, MAX_COMMAND_RETRIES } from './limits.js';
import { type Hold, inTurn, type Turns, turnsOf } from './turns.js';

/** Options of `handleCommand`. */
export interface CommandOptions {
  /** How far its events must have come before it resolves. Default `durable`. */
  readonly until?: Until;
  /**
   * A name of the command, 1 to 200 bytes in UTF-8, such as the id of the request: asked again under it, it appends nothing and
   * replies as it did the first time.
   */
  readonly commandId?: string;
  /** Times that it decides again when others were first, 0 to 100. Default 10. */
  readonly retryOnConflict?: number;
  readonly signal?: AbortSignal;
}

/** What a command led to. */
export interface CommandResult<Reply = unknown> {
  readonly reply: Reply;
  /** The aggregate's version behind it. */
  readonly version: number;
  /** The position of its last event; 0 when it emitted none. */
  readonly position: number;
  /** Whether it had been done before, under the same `commandId`. */
  readonly isRepeated: boolean;
}

const OPTIONS = optionNames<CommandOptions>('handleCommand', {
  until: true,
  commandId: true,
  retryOnConflict: true,
  signal: true,
});

/** An aggregate, as far as a command needs it. */
interface Loaded {
  readonly state: unknown;
  readonly version: number;
  /** The events of the same command from before, whose state this is then. */
  readonly done: readonly DomainEvent[];
}

/**
 * Has an aggregate decide on a command, on the main thread: reads its events, lets the command look at the state, and
 * appends what it emits at the version that it has seen. Commands of one aggregate take turns within an engine, each until
 * its events are durable; when another publisher was first, it reads the aggregate again and decides anew. The signal is
 * heard until its events are taken in.
 *
 * @throws CommandRefusedError naming the rule; UnknownCommandError; SchemaMismatchError for an input that does not fit;
 * InvalidOptionError, InvalidNameError; ConcurrencyError when others were first again and again; WaitsForItselfError inside
 * another command; what the command or `evolve` throws, and as `engine.append`. Nothing was appended then, unless it is
 * HandlerError or KeyParkedError, with `until: 'handled'`, or EngineFailedError, after which a `commandId` finds out.
 */
export async function handleCommand<
  State,
  Types extends AnyEventType,
  All extends Readonly<Record<string, Command<State, never, unknown, Types>>>,
  Name extends keyof All & string,
>(
  engine: Engine,
  aggregate: Aggregate<State, Types, All>,
  aggregateId: string,
  name: Name,
  input: CommandInput<All[Name]>,
  options: CommandOptions = {},
): Promise<CommandResult<CommandReply<All[Name]>>> {
  checkEngine('handleCommand', engine);
  const call = callOf(aggregate as unknown as Aggregate, aggregateId, name, input, options);
  const turns = turnsOf(engine);
  checkOutsideOfCommands(turns);
  call.signal?.throwIfAborted();
  const result = await inTurn(turns, aggregateId, call.signal, (hold) =>
    decideUntilFirst(engine, turns, call, hold),
  );
  return result as CommandResult<CommandReply<All[Name]>>;
}

interface Call extends Asked {
  readonly until: Until | undefined;
  readonly retries: number;
}

/** Everything that can be wrong with a call by itself, and what it said at the call. */
function callOf(
  aggregate: Aggregate,
  aggregateId: string,
  name: string,
  input: unknown,
  options: CommandOptions,
): Call {
  const {
    retryOnConflict: retries = COMMAND_RETRIES,
    commandId,
    until,
    signal,
  } = takeOptions(options, OPTIONS);
  if (!isWhole(retries, 0, MAX_COMMAND_RETRIES)) {
    throw new InvalidOptionError(
      `handleCommand: retryOnConflict is ${shown(retries)}; it must be a whole number from 0 to ${MAX_COMMAND_RETRIES}.`,
    );
  }
  checkUntil('handleCommand', until);
  checkCommandId(commandId);
  checkAggregate(aggregate);
  checkAggregateId('handleCommand', aggregateId);
  const checked = inputOf(aggregate, name, input);
  return { aggregate, aggregateId, name, input: checked, commandId, until, signal, retries };
}

/** A command that waits for another one's turn may wait for itself; and what it does may be decided anew. */
function checkOutsideOfCommands(turns: Turns): void {
  const error = waitsForItself(turns, 'handleCommand');
  if (!error) return;
  throw new WaitsForItselfError(
    `handleCommand was called inside ${error.details.inside}, and commands that wait for each other's turns may wait for ever. A command changes nothing outside: have another one handled when it has ended.`,
    { details: error.details },
  );
}

async function decideUntilFirst(
  engine: Engine,
  turns: Turns,
  call: Call,
  hold: Hold,
): Promise<CommandResult> {
  for (let tries = 0; ; tries++) {
    call.signal?.throwIfAborted();
    try {
      return await tryCommand(engine, turns, call, hold);
    } catch (error) {
      if (!(error instanceof ConcurrencyError) || tries >= call.retries) throw error;
    }
  }
}

async function tryCommand(engine: Engine, turns: Turns, call: Call, hold: Hold): Promise<CommandResult> {
  const { aggregateId, commandId, until = 'durable', signal } = call;
  const { state, version, done } = await load(engine, call);
  const { reply, emitted } = await decide(turns, call, state, version);
  const [last] = done.slice(-1);
  if (last) return { reply, version: last.version, position: last.position, isRepeated: true };
  if (emitted.length === 0) return { reply, version, position: 0, isRepeated: false };
  const events =
    commandId === undefined ? emitted : emitted.map((event, index) => named(event, commandId, index));
  const options: AppendOptions & TellsWhenTaken = {
    expectedVersion: version,
    until,
    ...(signal && { signal }),
    // Who comes next must be able to read them.
    ...(until !== 'durable' && { [WHEN_TAKEN]: hold }),
  };
  const { position, version: appended } = await engine.append(aggregateId, events, options);
  return { reply, version: appended, position, isRepeated: false };
}

async function load(engine: Engine, { aggregate, aggregateId, commandId, signal }: Call): Promise<Loaded> {
  const { name, events, initial, evolve } = aggregate;
  const types = new Set(events.map(({ type }) => type));
  let state = atOnce(`Aggregate '${name}': initial`, initial());
  let version = 0;
  const done: DomainEvent[] = [];
  for await (const event of engine.read({ aggregateId, ...(signal && { signal }) })) {
    if (commandId !== undefined && event.metadata.eventId === idOf(commandId, done.length)) done.push(event);
    // What the command decided then, it decided on the state before its own events.
    if (done.length > 0) continue;
    version = event.version;
    if (!types.has(event.type)) continue;
    state = atOnce(`Aggregate '${name}': evolve`, evolve(state, event as EventOf<AnyEventType>));
  }
  return { state, version, done };
}

/** @throws InvalidDefinitionError */
function checkAggregate(aggregate: unknown): void {
  const commands = field(aggregate, 'commands');
  const isAggregate =
    Array.isArray(field(aggregate, 'events')) &&
    typeof field(aggregate, 'initial') === 'function' &&
    typeof field(aggregate, 'evolve') === 'function' &&
    typeof commands === 'object' &&
    commands !== null;
  if (isAggregate) return;
  throw new InvalidDefinitionError(
    `handleCommand: the aggregate is ${shown(aggregate)}; pass what defineAggregate has returned.`,
  );
}

function checkCommandId(id: unknown): void {
  if (id === undefined || isStorable(id, MAX_COMMAND_ID)) return;
  throw new InvalidOptionError(
    `handleCommand: commandId is ${typeof id === 'string' ? `a text of ${id.length} characters` : shown(id)}; it must be a text of 1 to ${MAX_COMMAND_ID} bytes in UTF-8, without half characters.`,
  );
}

/** The event id of a command's event, counted from 0. */
function idOf(commandId: string, index: number): string {
  return `${commandId}#${index}`;
}

function named(event: NewEvent, commandId: string, index: number): NewEvent {
  return { ...event, options: { ...event.options, eventId: idOf(commandId, index) } };
}
