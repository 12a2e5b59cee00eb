import { optionNames, takeOptions } from '../../events/known-options.js';
import { didYouMean } from '../../events/nearest.js';
import { isStorable } from '../../kernel/check.js';
import {
  InvalidNameError,
  UnknownAggregateError,
  UnknownCommandError,
  UnsupportedPayloadError,
} from '../../kernel/errors.js';
import { checkSignal } from '../../kernel/on-abort.js';
import { reasonOf, shown } from '../../kernel/thrown.js';
import type { ExecuteOptions, QueryOptions } from '../../lanes/aggregates/command-types.js';
import { checkCommandId, commandOf, inputOf } from '../../lanes/aggregates/decide.js';
import { type Aggregate, isAggregate } from '../../lanes/aggregates/define-aggregate.js';
import type { LoadedAggregate } from '../../lanes/aggregates/protocol.js';
import { MAX_NAME_BYTES } from '../../limits.js';
import { checkUntilOf } from '../own-waits.js';
import type { EngineParts } from '../parts.js';
import type { CommandCall, QueryCall } from './command.js';

const EXECUTE = optionNames<ExecuteOptions>('execute', { until: true, commandId: true, signal: true });
const QUERY = optionNames<QueryOptions>('query', { signal: true });

/** What a caller asks for, as far as it can be checked before it is on its way. @throws as `engine.execute`. */
export function commandCall(
  { commands, options: engineOptions, shapes, preparation }: EngineParts,
  aggregate: Aggregate,
  id: string,
  name: string,
  input: unknown,
  options: ExecuteOptions,
): CommandCall {
  const { until = 'durable', commandId, signal } = takeOptions(options, EXECUTE);
  checkUntilOf(engineOptions, 'execute', until);
  checkCommandId('execute', commandId);
  checkSignal('execute', signal);
  signal?.throwIfAborted();
  checkId('execute', id);
  const type = typeOf('execute', aggregate, commands.aggregates);
  commandOf(aggregate, name);
  const loaded = commands.aggregates[type] as LoadedAggregate;
  if (!loaded.commands.includes(name)) throw notOnLanes(aggregate, name, loaded);
  const checked = inputOf(aggregate, name, input);
  return {
    kind: 'command',
    type,
    id,
    name,
    input: encoded(shapes.codec, aggregate, name, checked),
    commandId,
    time: preparation.timeNow(),
    until,
    signal,
    carrier: preparation.carrier(),
  };
}

/** @throws as `engine.query`. */
export function queryCall(
  { commands }: EngineParts,
  aggregate: Aggregate,
  id: string,
  options: QueryOptions,
): QueryCall {
  const { signal } = takeOptions(options, QUERY);
  checkSignal('query', signal);
  signal?.throwIfAborted();
  checkId('query', id);
  return { kind: 'query', type: typeOf('query', aggregate, commands.aggregates), id, signal };
}

function checkId(call: string, id: unknown): void {
  if (isStorable(id, MAX_NAME_BYTES)) return;
  throw new InvalidNameError(
    `${call}: the aggregate's id is ${typeof id === 'string' ? `a text of ${id.length} characters` : shown(id)}; it must be a text of 1 to ${MAX_NAME_BYTES} bytes in UTF-8, without half characters.`,
  );
}

/** Index of an aggregate among those of the lanes. */
function typeOf(call: string, aggregate: unknown, loaded: readonly LoadedAggregate[]): number {
  if (!isAggregate(aggregate)) {
    throw new UnknownAggregateError(
      `${call} needs an aggregate that defineAggregate made: engine.${call}(Account, 'acc-1', …).`,
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

/** The input as bytes of its own; undefined when it is. */
function encoded(
  codec: EngineParts['shapes']['codec'],
  { name: aggregate }: Aggregate,
  command: string,
  input: unknown,
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
