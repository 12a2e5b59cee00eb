import type { AnyEventType } from '../../events/define-event.js';
import { checkOutside } from '../../kernel/async-context.js';
import type { CommandResult, ExecuteOptions, QueryOptions } from '../../lanes/aggregates/command-types.js';
import type {
  Aggregate,
  Command,
  CommandInput,
  CommandReply,
} from '../../lanes/aggregates/define-aggregate.js';
import { DECIDING } from '../../lanes/aggregates/inline-commands.js';
import { Subscribable } from '../../publisher/subscribable.js';
import type { EngineParts } from '../parts.js';
import { commandCall, queryCall } from './call.js';
import type { HeldCommand } from './held-commands.js';

/** What an engine does with aggregates whose state is on its lanes. */
export abstract class Commanding<Types extends AnyEventType = AnyEventType> extends Subscribable<
  'log',
  Types
> {
  /**
   * Has an aggregate decide on a command, on the lane where its state is, and appends what follows. Commands of one aggregate
   * are decided in the order of the calls; when something else was appended meanwhile, the command is decided again. It
   * resolves when its events are durable, or have come as far as `until` says. Waits while the engine is full.
   *
   * @throws CommandRefusedError naming the rule; UnknownAggregateError, UnknownCommandError; SchemaMismatchError and
   * UnsupportedPayloadError for an input that does not fit or is no plain data; InvalidStateError; HandlerTimeoutError and
   * LaneCrashedError when it took too long or ended its thread; ConcurrencyError when others were first a hundred times;
   * what the command throws, and as `append`. Nothing of it is stored then. And as `publish`.
   */
  async execute<
    State,
    Events extends AnyEventType,
    All extends Readonly<Record<string, Command<State, never, unknown, Events>>>,
    Name extends keyof All & string,
  >(
    aggregate: Aggregate<State, Events, All>,
    aggregateId: string,
    command: Name,
    input: CommandInput<All[Name]>,
    options: ExecuteOptions = {},
  ): Promise<CommandResult<CommandReply<All[Name]>>> {
    const parts = this.commandParts();
    const call = commandCall(parts, aggregate as unknown as Aggregate, aggregateId, command, input, options);
    checkOutside(DECIDING, 'engine.execute()');
    const result = await parts.commands.execute(call);
    return result as CommandResult<CommandReply<All[Name]>>;
  }

  /**
   * Looks at an aggregate's state: `look` is called on this thread with a copy of it, once its lane has sent that. It waits
   * for no command and for no disk, and sees what every command has done that was answered before.
   *
   * @throws UnknownAggregateError, InvalidStateError when the state is no data, what `look` throws, and as `execute`.
   */
  async query<State, Events extends AnyEventType, All, Result>(
    aggregate: Aggregate<State, Events, All>,
    aggregateId: string,
    look: (state: State) => Result,
    options: QueryOptions = {},
  ): Promise<Awaited<Result>> {
    const parts = this.commandParts();
    const call = queryCall(parts, aggregate as unknown as Aggregate, aggregateId, look, options);
    return await look((await parts.commands.query(call)) as State);
  }

  /**
   * Commands of handlers that failed for good: their aggregate threw, ended its thread or is on no lane, through all tries.
   * They stay in the log and hold up nobody; the next open tries them again, and so does `retryCommands`. The first 10,000.
   */
  heldCommands(): readonly HeldCommand[] {
    return this.commandParts().sent.held;
  }

  /**
   * Tries the held commands again, in the order in which they were sent, and returns how many those are. `drain` waits for them.
   *
   * @throws EngineClosedError; StoreCorruptError when the log cannot be read: what was not read is still held.
   */
  retryCommands(): number {
    return this.commandParts().sent.retry();
  }

  /** @internal What commands work with, of an engine that is open. */
  protected abstract commandParts(): EngineParts;
}
