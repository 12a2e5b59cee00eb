import type { AnyEventType, EventOf, NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import { didYouMean } from '../events/nearest.js';
import type { Engine, Receipt, Until } from '../index.js';
import { isStorable, isWhole } from '../kernel/check.js';
import {
  CommandRefusedError,
  ConcurrencyError,
  InvalidOptionError,
  SchemaMismatchError,
  UnknownCommandError,
} from '../kernel/errors.js';
import { isThenable } from '../kernel/thenable.js';
import { shown } from '../kernel/thrown.js';
import {
  type Aggregate,
  type Command,
  type CommandInput,
  type CommandReply,
  schemaOf,
} from './define-aggregate.js';
import { COMMAND_RETRIES, MAX_COMMAND_ID, MAX_COMMAND_RETRIES } from './limits.js';
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
  checkCommandId(commandId);
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

type AnyCommand = (state: unknown, input: unknown, ctx: unknown) => unknown;

async function tryCommand(engine: Engine, call: Call): Promise<CommandResult> {
  const { aggregate, aggregateId, options } = call;
  const { commandId, until, signal } = options;
  const { state, version, done } = await load(engine, aggregate, aggregateId, options);
  const { reply, emitted } = await decided(call, state, version);
  const [last] = done.slice(-1);
  if (last) return { reply, version: last.version, position: last.position, isRepeated: true };
  if (emitted.length === 0) return { reply, version, position: 0, isRepeated: false };
  const events =
    commandId === undefined ? emitted : emitted.map((event, index) => named(event, commandId, index));
  const { position, version: appended }: Receipt = await engine.append(aggregateId, events, {
    expectedVersion: version,
    ...(until && { until }),
    ...(signal && { signal }),
  });
  return { reply, version: appended, position, isRepeated: false };
}

async function load(
  engine: Engine,
  { events, initial, evolve }: Aggregate,
  aggregateId: string,
  { commandId, signal }: CommandOptions,
): Promise<Loaded> {
  const types = new Set(events.map(({ type }) => type));
  let state: unknown = initial();
  let version = 0;
  const done: DomainEvent[] = [];
  for await (const event of engine.read({ aggregateId, ...(signal && { signal }) })) {
    if (commandId !== undefined && event.metadata.eventId === idOf(commandId, done.length)) done.push(event);
    // What the command decided then, it decided on the state before its own events.
    if (done.length > 0) continue;
    version = event.version;
    if (types.has(event.type)) state = evolve(state, event as EventOf<AnyEventType>);
  }
  return { state, version, done };
}

async function decided(
  { aggregate, aggregateId, decide, input }: Call,
  state: unknown,
  version: number,
): Promise<{ readonly reply: unknown; readonly emitted: readonly NewEvent[] }> {
  const emitted: NewEvent[] = [];
  const reply = decide(state, input, {
    aggregateId,
    version,
    emit: (event: NewEvent) => void emitted.push(event),
    refuse: (rule: string, message = rule, details: Readonly<Record<string, unknown>> = {}) => {
      throw new CommandRefusedError(message, {
        details: { ...details, aggregate: aggregate.name, aggregateId, rule },
      });
    },
  });
  return { reply: isThenable(reply) ? await reply : reply, emitted };
}

function commandOf({ name: aggregate, commands }: Aggregate, name: string): AnyCommand {
  if (Object.hasOwn(commands, name)) return commands[name] as AnyCommand;
  throw new UnknownCommandError(
    `Aggregate '${aggregate}' has no command ${shown(name)}. ${didYouMean(String(name), Object.keys(commands), 'It has')}`,
    { details: { aggregate, command: String(name) } },
  );
}

function inputOf({ name: aggregate }: Aggregate, name: string, decide: AnyCommand, input: unknown): unknown {
  const result = schemaOf(decide)?.safeParse(input);
  if (!result) return input;
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  throw new SchemaMismatchError(
    `Command '${name}' of '${aggregate}'${path && `, field '${path}'`}: ${issue?.message ?? 'does not match its schema'}.`,
    { details: { aggregate, command: name, path }, cause: result.error },
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
