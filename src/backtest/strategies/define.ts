import { createHash } from 'node:crypto';
import { z } from 'zod';
import { knownOptions, optionNames } from '../../events/known-options.js';
import { InvalidDefinitionError, InvalidOptionError } from '../../faces/errors.js';
import { reasonOf } from '../../kernel/thrown.js';
import type { Indicator, IndicatorBuilder } from '../indicators/indicator.js';
import type { FillRow } from '../runs/result.js';
import type { StrategyContext } from './context.js';

/** The indicators of a strategy, by the names that it gives them. */
export type IndicatorSet = Readonly<Record<string, Indicator>>;

/** What a strategy is. The order of the properties matters to TypeScript alone: `parameters` before the functions. */
export interface StrategyDefinition<
  Schema extends z.ZodObject,
  Indicators extends IndicatorSet,
  State extends object,
> {
  /** Short, without spaces: it begins the ids of its runs. */
  readonly name: string;
  /** One sentence for lists. */
  readonly description?: string;
  /** Numbers, booleans and enums, with their ranges and defaults. */
  readonly parameters: Schema;
  /** Columns that are computed before the first candle, and shared by all runs that want the same ones. */
  readonly indicators?: (parameters: z.output<Schema>, build: IndicatorBuilder) => Indicators;
  /** What the strategy keeps from candle to candle, made anew for each run. Never keep anything outside of it. */
  readonly state?: (parameters: z.output<Schema>) => State;
  /** Candles before the first call of `onBar`. Default: until all indicators have a value. */
  readonly warmUp?: number | ((parameters: z.output<Schema>) => number);
  /** Called on the close of each candle. */
  readonly onBar: (context: StrategyContext<z.output<Schema>, Indicators, State>) => void;
  /** Called for each fill of its orders; the candle of the fill is not to be seen yet. */
  readonly onFill?: (context: StrategyContext<z.output<Schema>, Indicators, State>, fill: FillRow) => void;
  /** Called after the last candle; orders made here are not filled any more. */
  readonly onEnd?: (context: StrategyContext<z.output<Schema>, Indicators, State>) => void;
}

const DEFINITION = optionNames<StrategyDefinition<z.ZodObject, IndicatorSet, object>>(
  'defineStrategy',
  {
    name: true,
    description: true,
    parameters: true,
    indicators: 'function',
    state: 'function',
    warmUp: true,
    onBar: 'function',
    onFill: 'function',
    onEnd: 'function',
  },
  InvalidDefinitionError,
);

const BRAND = Symbol.for('millrace.strategy');

/** What `defineStrategy` makes of a definition. Export it as default from a file of its own. */
export interface Strategy<Parameters = Readonly<Record<string, unknown>>> {
  readonly [BRAND]: true;
  readonly name: string;
  readonly description: string;
  /** SHA-256 of its name, functions and parameters, in hex. Functions that it calls, and files it imports, are not in it. */
  readonly hash: string;
  readonly definition: StrategyDefinition<z.ZodObject, IndicatorSet, object>;
  /** Names the type of the parameters; never there. */
  readonly parameters?: Parameters;
}

/**
 * Defines a strategy.
 *
 * @throws InvalidDefinitionError when it is not of the documented form.
 */
export function defineStrategy<
  Schema extends z.ZodObject,
  Indicators extends IndicatorSet = Record<never, Indicator>,
  State extends object = Record<never, never>,
>(definition: StrategyDefinition<Schema, Indicators, State>): Strategy<z.output<Schema>> {
  const checked = knownOptions(definition, DEFINITION as never) as StrategyDefinition<
    Schema,
    Indicators,
    State
  >;
  const { name, description = '', parameters } = checked;
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,59}$/.test(name)) {
    throw new InvalidDefinitionError(
      `The strategy's name is ${JSON.stringify(name)}; it must be small letters, digits and hyphens, as 'ma-cross'.`,
    );
  }
  if (
    !(parameters instanceof z.ZodObject) &&
    typeof (parameters as { shape?: unknown })?.shape !== 'object'
  ) {
    throw new InvalidDefinitionError(`Strategy '${name}': 'parameters' must be a z.object({ … }).`);
  }
  if (checked.onBar === undefined) {
    throw new InvalidDefinitionError(`Strategy '${name}': 'onBar' must be a function.`);
  }
  return {
    [BRAND]: true,
    name,
    description,
    hash: hashOf(checked as never),
    definition: checked as never,
  };
}

/** Whether a value came from `defineStrategy`, of this or another copy of the package. */
export function isStrategy(value: unknown): value is Strategy {
  return typeof value === 'object' && value !== null && BRAND in value;
}

function hashOf(definition: StrategyDefinition<z.ZodObject, IndicatorSet, object>): string {
  const { name, parameters, indicators, state, warmUp, onBar, onFill, onEnd } = definition;
  const schema = JSON.stringify(z.toJSONSchema(parameters, { unrepresentable: 'any', io: 'input' }));
  const parts = [name, schema, indicators, state, warmUp, onBar, onFill, onEnd].map(String);
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/**
 * The parameters of a run, with the schema's defaults.
 *
 * @throws InvalidOptionError that names the parameter and what it may be.
 */
export function parseParameters(strategy: Strategy, given: unknown): Readonly<Record<string, unknown>> {
  const { name, definition } = strategy;
  const known = Object.keys(definition.parameters.shape);
  for (const parameter of Object.keys((given ?? {}) as object)) {
    if (!known.includes(parameter)) throw unknownParameter(strategy, parameter);
  }
  const parsed = definition.parameters.safeParse(given ?? {});
  if (parsed.success) return frozenCopy(name, parsed.data as Record<string, unknown>);
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  const value = (given as Record<string, unknown> | undefined)?.[path];
  const subject =
    path === '' ? 'The parameters are refused' : `The parameter '${path}' is ${shownValue(value)}`;
  throw new InvalidOptionError(`Strategy '${name}': ${subject}: ${issue?.message ?? 'invalid'}.`, {
    details: { strategy: name, parameter: path },
  });
}

/** Of its own and unchangeable: Zod hands out one default to all, and what a run changed in it would be the next one's. */
function frozenCopy(
  strategy: string,
  parameters: Record<string, unknown>,
): Readonly<Record<string, unknown>> {
  try {
    return frozen(structuredClone(parameters));
  } catch (cause) {
    throw new InvalidOptionError(
      `Strategy '${strategy}': its parameters must be plain data: ${reasonOf(cause)}.`,
      {
        cause,
        details: { strategy },
      },
    );
  }
}

function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const field of Object.values(value)) frozen(field);
  return Object.freeze(value);
}

/** An error that lists what there is. */
export function unknownParameter({ name, definition }: Strategy, parameter: string): InvalidOptionError {
  const known = Object.keys(definition.parameters.shape).join(', ') || 'none';
  return new InvalidOptionError(`Strategy '${name}' has no parameter '${parameter}'. It has: ${known}.`, {
    details: { strategy: name, parameter },
  });
}

function shownValue(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value) ?? String(value));
}
