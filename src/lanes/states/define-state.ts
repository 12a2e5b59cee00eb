import type { z } from 'zod';
import { knownOptions, optionNames } from '../../events/known-options.js';
import { isWhole } from '../../kernel/check.js';
import { InvalidDefinitionError } from '../../kernel/errors.js';
import { shown } from '../../kernel/thrown.js';

const BRAND = Symbol.for('millrace.state');

/** Characters of a state's name: with its version it is as long as the name of a module that asks for old events. */
const MAX_STATE_NAME = 100;

/** A state that handlers keep for each partition key; made by `defineState`. */
export interface StateType<State = unknown> {
  readonly [BRAND]: true;
  readonly name: string;
  readonly version: number;
  readonly initial: () => State;
  readonly schema: z.ZodType | undefined;
}

/** Options of `defineState`. */
export interface StateOptions<State> {
  /** What the log knows it by; one definition for each name. 1 to 100 characters. */
  readonly name: string;
  /**
   * Whole number from 1 to 2^31 - 1, higher when the state's form or meaning has changed: it is then built anew from the
   * log, by calling its handlers with the events that they have had; what they emit is left out. Default 1.
   */
  readonly version?: number;
  /** The state of a key that has none yet. Called once for each such key, so that no two share an object. */
  readonly initial: () => State;
  /** What every state must match when its handler has ended; what it returns is kept. Default: any plain data. */
  readonly schema?: z.ZodType<State>;
}

/** `defineState`: what a state is, is known from its schema, or else from `initial`. */
interface DefineState {
  <Schema extends z.ZodType>(
    options: Omit<StateOptions<unknown>, 'initial' | 'schema'> & {
      readonly schema: Schema;
      readonly initial: () => z.output<Schema>;
    },
  ): StateType<z.output<Schema>>;
  <State>(options: StateOptions<State> & { readonly schema?: undefined }): StateType<State>;
}

const STATE = optionNames<StateOptions<unknown>>(
  'defineState',
  { name: true, version: true, initial: 'function', schema: true },
  InvalidDefinitionError,
);

/**
 * Defines a state that handlers keep for each partition key: plain data, as in an event's payload, of at most 1 MiB.
 * Handlers get it with `on(Type, { state }, (event, state, ctx) => …)`.
 *
 * @throws InvalidDefinitionError
 */
export const defineState: DefineState = (given: StateOptions<unknown>): StateType<never> => {
  const options = knownOptions(given, STATE);
  const { name, version = 1, initial, schema } = options ?? {};
  if (!isStateName(name)) {
    throw new InvalidDefinitionError(
      `defineState needs a name of 1 to ${MAX_STATE_NAME} well-formed characters, no control characters: defineState({ name: 'candle', initial: () => ({ … }) }).`,
    );
  }
  if (initial === undefined) {
    throw new InvalidDefinitionError(`State '${name}': initial must be a function that returns a new state.`);
  }
  if (!isWhole(version, 1, 2 ** 31 - 1)) {
    throw new InvalidDefinitionError(
      `State '${name}': version is ${shown(version)}; it must be a whole number from 1 to 2147483647.`,
    );
  }
  if (schema !== undefined && typeof schema?.safeParse !== 'function') {
    throw new InvalidDefinitionError(`State '${name}': schema must be a Zod schema.`);
  }
  return Object.freeze({ [BRAND]: true as const, name, version, initial: initial as () => never, schema });
};

/** Its rebuilding is a consumer of the log that is named after it. */
function isStateName(name: unknown): boolean {
  if (typeof name !== 'string' || name === '' || name.length > MAX_STATE_NAME) return false;
  return name.isWellFormed() && !/\p{Cc}/u.test(name);
}

/** Whether it came from `defineState`, of this or another copy of the package. */
export function isStateType(value: unknown): value is StateType {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** The states of the key whose event is being handled. */
export interface HeldStates {
  /** The state as the handler before has left it. */
  begin(type: StateType): unknown;
  /** A handler has ended; `returned` is the new state, or undefined when it has changed the one that it had. */
  settle(type: StateType, returned: unknown): void;
}

/** Where a context has the states of its event's key; also one that wraps another one. */
export const HELD = Symbol.for('millrace.held-states');

/** A context that has states. */
export interface StateContext {
  readonly [HELD]: HeldStates | undefined;
}
