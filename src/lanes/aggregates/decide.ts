import type { NewEvent } from '../../events/define-event.js';
import { didYouMean } from '../../events/nearest.js';
import { isStorable } from '../../kernel/check.js';
import {
  CommandRefusedError,
  EmitAfterEndError,
  InvalidOptionError,
  SchemaMismatchError,
  UnknownCommandError,
} from '../../kernel/errors.js';
import { isThenable } from '../../kernel/thenable.js';
import { shown } from '../../kernel/thrown.js';
import { type Aggregate, type CommandContext, schemaOf } from './define-aggregate.js';
import { MAX_COMMAND_ID } from './limits.js';

// What a command is, wherever it is decided: on the main thread by `handleCommand`, on a lane by `engine.execute`.

/** A command as it is called, without its types. */
export type AnyCommand = (state: unknown, input: unknown, ctx: unknown) => unknown;

/** What a command came to: its reply, and the events that follow. */
export interface Decision {
  readonly reply: unknown;
  readonly emitted: readonly NewEvent[];
}

/** @throws UnknownCommandError */
export function commandOf({ name: aggregate, commands }: Aggregate, name: string): AnyCommand {
  if (Object.hasOwn(commands, name)) return commands[name] as AnyCommand;
  throw new UnknownCommandError(
    `Aggregate '${aggregate}' has no command ${shown(name)}. ${didYouMean(String(name), Object.keys(commands), 'It has')}`,
    { details: { aggregate, command: String(name) } },
  );
}

/** The input as the command's schema returns it. @throws SchemaMismatchError */
export function inputOf(
  { name: aggregate }: Aggregate,
  name: string,
  decide: AnyCommand,
  input: unknown,
): unknown {
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

/** @param call that was given the id, as the error names it. @throws InvalidOptionError */
export function checkCommandId(call: string, id: unknown): void {
  if (id === undefined || isStorable(id, MAX_COMMAND_ID)) return;
  throw new InvalidOptionError(
    `${call}: commandId is ${typeof id === 'string' ? `a text of ${id.length} characters` : shown(id)}; it must be a text of 1 to ${MAX_COMMAND_ID} bytes in UTF-8, without half characters.`,
  );
}

/** Has a command look at a state. A promise only when the command returns one. @throws what the command throws. */
export function decided(
  decide: AnyCommand,
  aggregate: Aggregate,
  aggregateId: string,
  version: number,
  state: unknown,
  input: unknown,
): Decision | Promise<Decision> {
  const ctx = new DecidingContext(aggregate.name, aggregateId, version);
  let reply: unknown;
  try {
    reply = decide(state, input, ctx);
  } catch (error) {
    ctx.end();
    throw error;
  }
  return isThenable(reply) ? awaited(reply, ctx) : { reply, emitted: ctx.end() };
}

async function awaited(reply: PromiseLike<unknown>, ctx: DecidingContext): Promise<Decision> {
  try {
    return { reply: await reply, emitted: ctx.end() };
  } finally {
    ctx.end();
  }
}

class DecidingContext implements CommandContext {
  readonly aggregateId: string;
  readonly version: number;
  readonly #aggregate: string;
  readonly #emitted: NewEvent[] = [];
  #isOver = false;

  constructor(aggregate: string, aggregateId: string, version: number) {
    this.#aggregate = aggregate;
    this.aggregateId = aggregateId;
    this.version = version;
  }

  // A field, so that a command may take it out of its context.
  readonly emit = (event: NewEvent): void => {
    if (!this.#isOver) {
      this.#emitted.push(event);
      return;
    }
    throw new EmitAfterEndError(
      'ctx.emit was called after its command had finished. Await everything before returning.',
    );
  };

  readonly refuse = (
    rule: string,
    message = rule,
    details: Readonly<Record<string, unknown>> = {},
  ): never => {
    const { aggregateId } = this;
    throw new CommandRefusedError(message, {
      details: { ...details, aggregate: this.#aggregate, aggregateId, rule },
    });
  };

  /** The command has ended: nothing more is emitted. */
  end(): readonly NewEvent[] {
    this.#isOver = true;
    return this.#emitted;
  }
}
