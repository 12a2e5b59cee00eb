import type { AnyEventType } from '../events/define-event.js';
import { optionNames, takeOptions } from '../events/known-options.js';
import type { AppendOptions, Engine, Receipt, Until } from '../index.js';
import { staying, waitsForItself } from '../kernel/async-context.js';
import { isWhole } from '../kernel/check.js';
import {
  ConcurrencyError,
  InvalidDefinitionError,
  InvalidOptionError,
  WaitsForItselfError,
} from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';
import { type TellsWhenTaken, WHEN_TAKEN } from '../kernel/when-taken.js';
import { named } from '../lanes/aggregates/command-ids.js';
import type { CommandResult } from '../lanes/aggregates/command-types.js';
import { type Asked, checkCommandId, commandOf, decided, inputOf } from '../lanes/aggregates/decide.js';
import {
  type Aggregate,
  type Command,
  type CommandInput,
  type CommandReply,
  isAggregate,
} from '../lanes/aggregates/define-aggregate.js';
import { CommandFold } from '../lanes/aggregates/fold.js';
import { checkAggregateId, checkEngine, checkUntil } from './given.js';
import { COMMAND_RETRIES, MAX_COMMAND_RETRIES } from './limits.js';
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

const OPTIONS = optionNames<CommandOptions>('handleCommand', {
  until: true,
  commandId: true,
  retryOnConflict: true,
  signal: true,
});

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
  readonly input: unknown;
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
  checkCommandId('handleCommand', commandId);
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
    const { result, append } = await tryCommand(engine, turns, call, hold);
    if (!append) return result;
    try {
      const { version, position } = await append();
      return { ...result, version, position };
    } catch (error) {
      // Of the append alone: what the command or `evolve` throws is theirs, whatever it is.
      if (!(error instanceof ConcurrencyError) || tries >= call.retries) throw error;
    }
  }
}

/** What a command has decided on what the log has now. */
interface Tried {
  /** What it comes to, unless something is to be appended first. */
  readonly result: CommandResult;
  readonly append?: () => Promise<Receipt>;
}

async function tryCommand(engine: Engine, turns: Turns, call: Call, hold: Hold): Promise<Tried> {
  const { aggregate, aggregateId, name, input, commandId, until = 'durable', signal } = call;
  const fold = new CommandFold(aggregate, aggregateId, commandId);
  for await (const event of engine.read({ aggregateId, ...(signal && { signal }) })) fold.take(event);
  const { state, version, last } = fold;
  const what = `command '${name}' of aggregate '${aggregate.name}'`;
  const decide = staying(turns, what, commandOf(aggregate, name));
  const decision = await decided(decide, call, version, state, input);
  if (decision.kind === 'refused') throw decision.error;
  const { reply, emitted } = decision;
  if (last) return { result: { reply, version: last.version, position: last.position, isRepeated: true } };
  const result = { reply, version, position: 0, isRepeated: false };
  if (emitted.length === 0) return { result };
  const options: AppendOptions & TellsWhenTaken = {
    expectedVersion: version,
    until,
    ...(signal && { signal }),
    // Who comes next must be able to read them.
    ...(until !== 'durable' && { [WHEN_TAKEN]: hold }),
  };
  return { result, append: () => engine.append(aggregateId, named(emitted, commandId), options) };
}

/** @throws InvalidDefinitionError */
function checkAggregate(aggregate: unknown): void {
  if (isAggregate(aggregate)) return;
  throw new InvalidDefinitionError(
    `handleCommand: the aggregate is ${shown(aggregate)}; pass what defineAggregate has returned.`,
  );
}
