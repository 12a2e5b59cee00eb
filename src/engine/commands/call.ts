import { optionNames, takeOptions } from '../../events/known-options.js';
import { checkFunction } from '../../kernel/check.js';
import { checkSignal } from '../../kernel/on-abort.js';
import { checkedCommand, checkId, encodedInput, typeOf } from '../../lanes/aggregates/command-check.js';
import type { ExecuteOptions, QueryOptions } from '../../lanes/aggregates/command-types.js';
import { checkCommandId } from '../../lanes/aggregates/decide.js';
import type { Aggregate } from '../../lanes/aggregates/define-aggregate.js';
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
  const checked = checkedCommand('engine.execute', commands.aggregates, aggregate, name, input);
  return {
    kind: 'command',
    type: checked.type,
    id,
    name,
    input: encodedInput(shapes.codec, checked),
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
  look: unknown,
  options: QueryOptions,
): QueryCall {
  const { signal } = takeOptions(options, QUERY);
  checkSignal('query', signal);
  checkFunction('query', 'look', look);
  signal?.throwIfAborted();
  checkId('query', id);
  return { kind: 'query', type: typeOf('engine.query', aggregate, commands.aggregates), id, signal };
}
