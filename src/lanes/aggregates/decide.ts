import type { NewEvent } from '../../events/define-event.js';
import { didYouMean } from '../../events/nearest.js';
import { isStorable } from '../../kernel/check.js';
import {
  CommandRefusedError,
  EmitAfterEndError,
  InvalidDefinitionError,
  InvalidOptionError,
  SchemaMismatchError,
  UnknownCommandError,
  UnknownEventTypeError,
} from '../../kernel/errors.js';
import { unlessAborted } from '../../kernel/on-abort.js';
import { isThenable } from '../../kernel/thenable.js';
import { reasonOf, shown } from '../../kernel/thrown.js';
import { type Aggregate, type CommandContext, schemaOf } from './define-aggregate.js';
import { MAX_COMMAND_ID } from './limits.js';
import { raisedNow } from './raised.js';

// What a command is, wherever it is decided: on the main thread by `handleCommand`, on a lane by `engine.execute`.

/** A command as it is called, without its types. */
export type AnyCommand = (state: unknown, input: unknown, ctx: unknown) => unknown;

/** A command that is to be decided on. */
export interface Asked {
  readonly aggregate: Aggregate;
  readonly aggregateId: string;
  readonly name: string;
  readonly commandId: string | undefined;
  /** Ends the waiting for an async one. */
  readonly signal?: AbortSignal | undefined;
}

/** What a command came to: its reply, and the events that follow; or its own refusal. */
export type Decision =
  | { readonly kind: 'decided'; readonly reply: unknown; readonly emitted: readonly NewEvent[] }
  | { readonly kind: 'refused'; readonly error: CommandRefusedError };

/** @throws UnknownCommandError */
export function commandOf({ name: aggregate, commands }: Aggregate, name: string): AnyCommand {
  if (Object.hasOwn(commands, name)) return commands[name] as AnyCommand;
  throw new UnknownCommandError(
    `Aggregate '${aggregate}' has no command ${shown(name)}. ${didYouMean(String(name), Object.keys(commands), 'It has')}`,
    { details: { aggregate, command: String(name) } },
  );
}

/** The input as the command's schema gives it. @throws SchemaMismatchError; InvalidDefinitionError when the schema throws. */
export function inputOf(aggregate: Aggregate, name: string, input: unknown): unknown {
  const schema = schemaOf(commandOf(aggregate, name));
  if (!schema) return input;
  let result: ReturnType<typeof schema.safeParse>;
  try {
    result = schema.safeParse(input);
  } catch (thrown) {
    throw new InvalidDefinitionError(
      `Command '${name}' of '${aggregate.name}': its schema threw: ${reasonOf(thrown)}. It must answer at once, and throw nothing.`,
      { cause: thrown },
    );
  }
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  throw new SchemaMismatchError(
    `Command '${name}' of '${aggregate.name}'${path && `, field '${path}'`}: ${issue?.message ?? 'does not match its schema'}.`,
    { details: { aggregate: aggregate.name, command: name, path }, cause: result.error },
  );
}

/** @param call that was given the id, as the error names it. @throws InvalidOptionError */
export function checkCommandId(call: string, id: unknown): void {
  if (id === undefined || isStorable(id, MAX_COMMAND_ID)) return;
  throw new InvalidOptionError(
    `${call}: commandId is ${typeof id === 'string' ? `a text of ${id.length} characters` : shown(id)}; it must be a text of 1 to ${MAX_COMMAND_ID} bytes in UTF-8, without half characters.`,
  );
}

/**
 * Has a command look at a state. A promise only when the command returns one.
 *
 * @throws what the command throws, unless that is its refusal; the signal's reason.
 */
export function decided(
  decide: AnyCommand,
  asked: Asked,
  version: number,
  state: unknown,
  input: unknown,
): Decision | Promise<Decision> {
  const call = new CommandCall(asked, version);
  let reply: unknown;
  try {
    reply = decide(state, input, call);
  } catch (error) {
    return call.failed(error);
  }
  return isThenable(reply) ? awaited(reply, call, asked.signal) : call.end(reply);
}

async function awaited(
  reply: PromiseLike<unknown>,
  call: CommandCall,
  signal: AbortSignal | undefined,
): Promise<Decision> {
  try {
    return call.end(await unlessAborted(reply, signal));
  } catch (error) {
    return call.failed(error);
  }
}

/** One time that a command decides, and what it is given. */
class CommandCall implements CommandContext {
  readonly aggregateId: string;
  readonly version: number;
  isOver = false;
  readonly #asked: Asked;
  readonly #emitted: NewEvent[] = [];
  #refusal: CommandRefusedError | undefined;

  constructor(asked: Asked, version: number) {
    this.#asked = asked;
    this.aggregateId = asked.aggregateId;
    this.version = version;
  }

  // Fields, so that a command may take them out of its context.
  readonly emit = (given: NewEvent): void => {
    const { aggregate, name, commandId } = this.#asked;
    if (this.isOver) {
      throw new EmitAfterEndError(
        `ctx.emit was called after command '${name}' had ended. Await everything before returning.`,
      );
    }
    const event = raisedNow('ctx.emit', given);
    if (!aggregate.events.some(({ type }) => type === event.type)) {
      const names = aggregate.events.map(({ type }) => type).join(', ');
      throw new UnknownEventTypeError(
        `Command '${name}' emitted '${event.type}', and the events of aggregate '${aggregate.name}' are ${names}. Add it to 'events' in defineAggregate.`,
        { details: { type: event.type } },
      );
    }
    if (commandId !== undefined && event.options?.eventId !== undefined) {
      throw new InvalidOptionError(
        `ctx.emit: event '${event.type}' has an eventId, and command '${name}' a commandId, which gives its events their ids. Leave out one of the two.`,
      );
    }
    this.#emitted.push(event);
  };

  readonly refuse = (
    rule: string,
    message = rule,
    details: Readonly<Record<string, unknown>> = {},
  ): never => {
    const { aggregate, aggregateId } = this.#asked;
    this.#refusal ??= new CommandRefusedError(message, {
      details: { ...details, aggregate: aggregate.name, aggregateId, rule },
    });
    throw this.#refusal;
  };

  /** The command has ended: nothing more is emitted. It has refused also when it has caught that. */
  end(reply: unknown): Decision {
    this.isOver = true;
    if (this.#refusal) return { kind: 'refused', error: this.#refusal };
    return { kind: 'decided', reply, emitted: this.#emitted };
  }

  /** The command has thrown. Only what its own `ctx.refuse` has made is a refusal. @throws what else it threw. */
  failed(thrown: unknown): Decision {
    this.isOver = true;
    if (this.#refusal === undefined || thrown !== this.#refusal) throw thrown;
    return { kind: 'refused', error: this.#refusal };
  }
}
