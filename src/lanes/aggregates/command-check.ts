import type { Codec } from '../../events/codec.js';
import { didYouMean } from '../../events/nearest.js';
import { isStorable } from '../../kernel/check.js';
import {
  InvalidNameError,
  UnknownAggregateError,
  UnknownCommandError,
  UnsupportedPayloadError,
} from '../../kernel/errors.js';
import { reasonOf, shown } from '../../kernel/thrown.js';
import { MAX_NAME_BYTES } from '../../limits.js';
import { commandOf, inputOf } from './decide.js';
import { type Aggregate, isAggregate } from './define-aggregate.js';
import type { LoadedAggregate } from './protocol.js';

// What can be checked of a command before it is on its way, whoever sends it: a caller of the engine, or a handler.

/** A command that lanes can decide on. */
export interface CheckedCommand {
  readonly aggregate: Aggregate;
  /** Index of its definition among those of the lanes. */
  readonly type: number;
  readonly name: string;
  /** As the command's schema gives it. */
  readonly input: unknown;
}

/**
 * @param call that sends it, as errors name it: `engine.execute`.
 * @throws UnknownAggregateError, UnknownCommandError, SchemaMismatchError
 */
export function checkedCommand(
  call: string,
  loaded: readonly LoadedAggregate[],
  aggregate: Aggregate,
  name: string,
  input: unknown,
): CheckedCommand {
  const type = typeOf(call, aggregate, loaded);
  commandOf(aggregate, name);
  const known = loaded[type] as LoadedAggregate;
  if (!known.commands.includes(name)) throw notOnLanes(aggregate, name, known);
  return { aggregate, type, name, input: inputOf(aggregate, name, input) };
}

/** @param call as the error names it: `execute`. @throws InvalidNameError */
export function checkId(call: string, id: unknown): void {
  if (isStorable(id, MAX_NAME_BYTES)) return;
  throw new InvalidNameError(
    `${call}: the aggregate's id is ${typeof id === 'string' ? `a text of ${id.length} characters` : shown(id)}; it must be a text of 1 to ${MAX_NAME_BYTES} bytes in UTF-8, without half characters.`,
  );
}

/** Index of an aggregate among those of the lanes. @throws UnknownAggregateError */
export function typeOf(call: string, aggregate: unknown, loaded: readonly LoadedAggregate[]): number {
  const [, method = call] = call.split('.');
  if (!isAggregate(aggregate)) {
    throw new UnknownAggregateError(
      `${method} needs an aggregate that defineAggregate made: ${call}(Account, 'acc-1', …).`,
    );
  }
  const { name } = aggregate;
  const type = loaded.findIndex((one) => one.name === name);
  if (type >= 0) return type;
  const names = loaded.map((one) => one.name);
  const known = names.length === 0 ? 'The engine was opened without any.' : didYouMean(name, names, 'It has');
  throw new UnknownAggregateError(
    `Aggregate '${name}' is on no lane. ${known} Add its module to the option aggregates of openEngine: aggregates: [new URL('./${name}.js', import.meta.url)].`,
    { details: { aggregate: name } },
  );
}

function notOnLanes(
  { name: aggregate }: Aggregate,
  command: string,
  { commands }: LoadedAggregate,
): UnknownCommandError {
  return new UnknownCommandError(
    `Aggregate '${aggregate}' has no command '${command}' in the module that the lanes have loaded; that has ${commands.join(', ')}. Give both the same definition.`,
    { details: { aggregate, command } },
  );
}

/** The input as bytes of its own; undefined when it is. @throws UnsupportedPayloadError, PayloadTooLargeError */
export function encodedInput(
  codec: Codec,
  { aggregate: { name: aggregate }, name: command, input }: CheckedCommand,
): Buffer | undefined {
  if (input === undefined) return undefined;
  try {
    const { target, start, end } = codec.encode(`${aggregate}.${command}`, input, false);
    const bytes = Buffer.allocUnsafe(end - start);
    target.copy(bytes, 0, start, end);
    return bytes;
  } catch (error) {
    if (!(error instanceof UnsupportedPayloadError)) throw error;
    throw new UnsupportedPayloadError(
      `Command '${command}' of '${aggregate}': its input is no plain data, which is all that can be sent to a lane. ${reasonOf(error)}`,
      { cause: error, details: { ...error.details, aggregate, command } },
    );
  }
}
