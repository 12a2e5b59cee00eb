import type { AnyEventType } from '../events/define-event.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import type { Engine, Receipt, Until } from '../index.js';
import { isWhole } from '../kernel/check.js';
import { ConcurrencyError, InvalidOptionError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';
import { named } from '../lanes/aggregates/command-ids.js';
import type { CommandResult } from '../lanes/aggregates/command-types.js';
import { type AnyCommand, checkCommandId, commandOf, decided, inputOf } from '../lanes/aggregates/decide.js';
import type { Aggregate, Command, CommandInput, CommandReply } from '../lanes/aggregates/define-aggregate.js';
import { CommandFold } from '../lanes/aggregates/fold.js';
import { COMMAND_RETRIES, MAX_COMMAND_RETRIES } from './limits.js';
import { inTurn } from './turns.js';

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
 * appends what it emits at the version that it has seen. Commands of one aggregate take turns within an engine; when
 * another publisher was first, it reads on and decides again.
 *
 * @throws CommandRefusedError naming the rule; UnknownCommandError; SchemaMismatchError for an input that does not fit;
 * InvalidOptionError; ConcurrencyError when others were first again and again; what the command or `evolve` throws, and as
 * `engine.append`. Nothing was appended then.
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
  const { retryOnConflict = COMMAND_RETRIES, commandId, signal } = knownOptions(options, OPTIONS);
  if (!isWhole(retryOnConflict, 0, MAX_COMMAND_RETRIES)) {
    throw new InvalidOptionError(
      `handleCommand: retryOnConflict is ${shown(retryOnConflict)}; it must be a whole number from 0 to ${MAX_COMMAND_RETRIES}.`,
    );
  }
  checkCommandId('handleCommand', commandId);
  const wide = aggregate as unknown as Aggregate;
  const decide = commandOf(wide, name);
  const checked = inputOf(wide, name, decide, input);
  const call = { aggregate: wide, aggregateId, decide, input: checked, options };
  const result = await inTurn(engine, aggregateId, async () => {
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      try {
        return await tryCommand(engine, call);
      } catch (error) {
        if (!(error instanceof ConcurrencyError) || tries >= retryOnConflict) throw error;
      }
    }
  });
  return result as CommandResult<CommandReply<All[Name]>>;
}

interface Call {
  readonly aggregate: Aggregate;
  readonly aggregateId: string;
  readonly decide: AnyCommand;
  readonly input: unknown;
  readonly options: CommandOptions;
}

async function tryCommand(engine: Engine, call: Call): Promise<CommandResult> {
  const { aggregate, aggregateId, decide, input, options } = call;
  const { commandId, until, signal } = options;
  const fold = new CommandFold(aggregate, aggregateId, commandId);
  for await (const event of engine.read({ aggregateId, ...(signal && { signal }) })) fold.take(event);
  const { state, version, last } = fold;
  const { reply, emitted } = await decided(decide, aggregate, aggregateId, version, state, input);
  if (last) return { reply, version: last.version, position: last.position, isRepeated: true };
  if (emitted.length === 0) return { reply, version, position: 0, isRepeated: false };
  const receipt: Receipt = await engine.append(aggregateId, named(emitted, commandId), {
    expectedVersion: version,
    ...(until && { until }),
    ...(signal && { signal }),
  });
  return { reply, version: receipt.version, position: receipt.position, isRepeated: false };
}
