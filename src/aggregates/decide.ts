import type { NewEvent } from '../events/define-event.js';
import { didYouMean } from '../events/nearest.js';
import { staying } from '../kernel/async-context.js';
import {
  CommandRefusedError,
  EmitAfterEndError,
  InvalidDefinitionError,
  InvalidOptionError,
  SchemaMismatchError,
  UnknownCommandError,
  UnknownEventTypeError,
} from '../kernel/errors.js';
import { unlessAborted } from '../kernel/on-abort.js';
import { isThenable } from '../kernel/thenable.js';
import { reasonOf, shown } from '../kernel/thrown.js';
import { type Aggregate, schemaOf } from './define-aggregate.js';
import { raisedNow } from './raised.js';

/** A command that is to be decided on. */
export interface Asked {
  readonly aggregate: Aggregate;
  readonly aggregateId: string;
  readonly name: string;
  readonly input: unknown;
  readonly commandId: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What was decided. */
export interface Decision {
  readonly reply: unknown;
  readonly emitted: readonly NewEvent[];
}

type Decide = (state: unknown, input: unknown, ctx: unknown) => unknown;

/**
 * Has a command look at the state of an aggregate.
 *
 * @param owner of whom it is known while it decides that a command of its own is under way.
 * @throws what the command throws; CommandRefusedError; the signal's reason.
 */
export async function decide(
  owner: object,
  asked: Asked,
  state: unknown,
  version: number,
): Promise<Decision> {
  const { aggregate, name, input, signal } = asked;
  const call = new CommandCall(asked, version);
  const what = `command '${name}' of aggregate '${aggregate.name}'`;
  const command = staying(owner, what, commandOf(aggregate, name));
  try {
    const reply = command(state, input, call.context);
    const settled = isThenable(reply) ? await unlessAborted(reply, signal) : reply;
    // Also when the command has caught it: what is refused is refused.
    if (call.refusal) throw call.refusal;
    return { reply: settled, emitted: call.emitted };
  } finally {
    call.hasEnded = true;
  }
}

/** One time that a command decides. */
class CommandCall {
  readonly emitted: NewEvent[] = [];
  refusal: CommandRefusedError | undefined;
  hasEnded = false;
  readonly context: object;
  readonly #asked: Asked;

  constructor(asked: Asked, version: number) {
    this.#asked = asked;
    const { aggregate, aggregateId } = asked;
    this.context = {
      aggregateId,
      version,
      emit: (event: NewEvent) => this.#emit(event),
      refuse: (rule: string, message = rule, details: Readonly<Record<string, unknown>> = {}) => {
        this.refusal ??= new CommandRefusedError(message, {
          details: { ...details, aggregate: aggregate.name, aggregateId, rule },
        });
        throw this.refusal;
      },
    };
  }

  #emit(given: NewEvent): void {
    const { aggregate, name, commandId } = this.#asked;
    if (this.hasEnded) {
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
    this.emitted.push(event);
  }
}

/** @throws UnknownCommandError */
export function commandOf({ name: aggregate, commands }: Aggregate, name: string): Decide {
  if (Object.hasOwn(commands, name)) return commands[name] as Decide;
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
