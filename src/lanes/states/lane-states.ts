import type { Codec } from '../../events/codec.js';
import { isRecord, type Packed, shapeOf } from '../../events/codec.js';
import type { TypedShape } from '../../events/emission.js';
import {
  InvalidDefinitionError,
  InvalidStateError,
  LaneCrashedError,
  StateTooLargeError,
} from '../../kernel/errors.js';
import { isPromised } from '../../kernel/thenable.js';
import { messageOf } from '../../kernel/thrown.js';
import type { HandlerEntry } from '../handlers.js';
import { readCargo, type StateCargo } from './cargo.js';
import type { HeldStates, StateType } from './define-state.js';
import { isFlat, ownCopy } from './flat.js';
import { LANE_STATE_BYTES, MAX_STATE_BYTES, STATE_SHAPE_KEYS, STATE_SHAPES_TOLD } from './limits.js';
import { StateRecords } from './state-records.js';

/** One state of one key. */
interface Held {
  readonly type: StateType;
  /** As it was after the last event that succeeded, a character for each byte; undefined: the key has none. */
  bytes: string | undefined;
  /** What handlers are given. It may be ahead of the bytes while an event runs, and only then. */
  value: unknown;
  isLoaded: boolean;
  /** Handlers of the running event have had it. */
  isTouched: boolean;
  /** What the running event has made of it, once that is checked. */
  next: string | undefined;
}

/** What the lane has of one key, in the order of the engine's states. */
type KeyStates = (Held | undefined)[];

/**
 * The states of the keys that a lane works on. The main thread says which it has: it sends a key's states with the first
 * event of the key that the lane gets, and tells it what to forget. A state is as its last successful event has left
 * it: of one that failed nothing is kept, its value is read again from the bytes of before.
 */
export class LaneStates {
  readonly records = new StateRecords();
  readonly types: readonly StateType[];
  readonly #codec: Codec;
  readonly #isValidated: boolean;
  readonly #indexes: ReadonlyMap<StateType, number>;
  readonly #keys = new Map<number, KeyStates>();
  #unknownShapes: TypedShape[] = [];
  /** By state: shapes that may still be told of. */
  readonly #shapesLeft: number[];

  /** @param isValidated whether states must match their schemas. */
  constructor(types: readonly StateType[], codec: Codec, isValidated: boolean) {
    this.types = types;
    this.#codec = codec;
    this.#isValidated = isValidated;
    this.#shapesLeft = types.map(() => STATE_SHAPES_TOLD);
    this.#indexes = new Map(types.map((type, index) => [type, index]));
  }

  /** Whether so much has changed that it must be told now. */
  get isFull(): boolean {
    return this.records.end > LANE_STATE_BYTES;
  }

  take({ states, forgotten }: StateCargo): void {
    for (const key of forgotten) this.#keys.delete(key);
    if (!states) return;
    readCargo(states, this.types.length, (key, bytes) => {
      this.#keys.set(
        key,
        bytes.map((each, index) =>
          each === undefined ? undefined : newHeld(this.types[index] as StateType, each),
        ),
      );
    });
  }

  /** The states of a key for one of its events. @throws LaneCrashedError when the main thread has not sent them. */
  of(key: number, partitionKey: string): EventStates {
    const states = this.#keys.get(key);
    if (states) return new EventStates(this, states, partitionKey);
    throw new LaneCrashedError(`The states of key '${partitionKey}' were not sent to the lane of its event.`);
  }

  /** @throws InvalidDefinitionError */
  indexOf(type: StateType): number {
    const index = this.#indexes.get(type);
    if (index !== undefined) return index;
    throw new InvalidDefinitionError(`State '${type.name}' is none of those that this lane was opened with.`);
  }

  /** A state as a handler is given it. @throws InvalidStateError when it cannot be made. */
  load(held: Held, partitionKey: string): unknown {
    if (held.isLoaded) return held.value;
    const { type, bytes } = held;
    if (bytes === undefined) held.value = this.#initialOf(type, partitionKey);
    else held.value = this.#codec.unpack(Buffer.from(bytes, 'latin1'));
    held.isLoaded = true;
    return held.value;
  }

  /** Checks what an event has made of a state, and keeps its bytes beside those of before. */
  seal(held: Held, partitionKey: string): void {
    const { type } = held;
    if (this.#isValidated && type.schema) held.value = validated(type, held.value, partitionKey);
    const packed = this.#encode(held, partitionKey);
    const { target, start, end } = packed;
    if (end - start > MAX_STATE_BYTES) throw tooLarge(type, partitionKey, end - start);
    held.next = target.toString('latin1', start, end);
    // The next event is given what the log would give it, whether or not it runs here: nothing frozen, no getters, and no
    // object that is in two places.
    held.isLoaded = isFlat(held.value);
    held.value = held.isLoaded ? ownCopy(held.value) : undefined;
  }

  /** Shapes of states that the codec did not know. */
  takeUnknownShapes(): readonly TypedShape[] {
    const shapes = this.#unknownShapes;
    if (shapes.length > 0) this.#unknownShapes = [];
    return shapes;
  }

  #tellShape(state: StateType, value: unknown): void {
    const type = this.indexOf(state);
    const left = this.#shapesLeft[type] as number;
    if (left === 0) return;
    this.#shapesLeft[type] = left - 1;
    const shape = shapeOf(value);
    if (shape && shape.length > 0 && shape.length <= STATE_SHAPE_KEYS)
      this.#unknownShapes.push({ type, shape });
  }

  /** The state of a key that has none: its own, also when what `initial` returns has parts that others have, too. */
  #initialOf(type: StateType, partitionKey: string): unknown {
    const value = initialOf(type, partitionKey);
    if (isFlat(value)) return ownCopy(value);
    try {
      return this.#codec.unpack(this.#codec.pack(value, type.name));
    } catch (error) {
      throw invalid(type, partitionKey, `is not what a log can keep: ${messageOf(error)}`, error);
    }
  }

  #encode({ type, value }: Held, partitionKey: string): Packed {
    if (value === undefined) throw invalid(type, partitionKey, 'is undefined');
    let packed: Packed;
    try {
      packed = this.#codec.encode(type.name, value, true);
    } catch (error) {
      throw invalid(type, partitionKey, `is not what a log can keep: ${messageOf(error)}`, error);
    }
    if (this.#unknownShapes.length === 0 && !isRecord(packed)) this.#tellShape(type, value);
    return packed;
  }
}

/** The states of a key while one of its events runs. */
export class EventStates implements HeldStates {
  readonly #lane: LaneStates;
  readonly #states: KeyStates;
  readonly #partitionKey: string;

  constructor(lane: LaneStates, states: KeyStates, partitionKey: string) {
    this.#lane = lane;
    this.#states = states;
    this.#partitionKey = partitionKey;
  }

  begin(type: StateType): unknown {
    const index = this.#lane.indexOf(type);
    let held = this.#states[index];
    if (!held) {
      held = newHeld(type, undefined);
      this.#states[index] = held;
    }
    held.isTouched = true;
    return this.#lane.load(held, this.#partitionKey);
  }

  settle(type: StateType, returned: unknown): void {
    const held = this.#states[this.#lane.indexOf(type)];
    if (held && returned !== undefined) held.value = returned;
  }

  /** All handlers have succeeded: what they have made of the states is checked. @throws InvalidStateError, StateTooLargeError */
  seal(): void {
    for (const held of this.#states) if (held?.isTouched) this.#lane.seal(held, this.#partitionKey);
  }

  /** The event has succeeded: what has changed is its own, and goes into the lane's answer. */
  keep(cause: number): void {
    const states = this.#states;
    for (let index = 0; index < states.length; index++) {
      const held = states[index];
      if (!held?.isTouched) continue;
      held.isTouched = false;
      if (held.next === held.bytes) continue;
      held.bytes = held.next;
      this.#lane.records.add(cause, index, held.next as string);
    }
  }

  /** It has failed: everything is as before. */
  drop(): void {
    for (const held of this.#states) {
      if (!held?.isTouched) continue;
      held.isTouched = false;
      held.isLoaded = false;
      held.value = undefined;
    }
  }
}

/**
 * The states that handlers use, in the order in which they are met.
 *
 * @throws InvalidDefinitionError when two of them share a name, or a handler that asks for old events shares one with
 * a handler that does not: their events would not come in the order of the log.
 */
export function statesOf(entries: readonly HandlerEntry[]): readonly StateType[] {
  const types: StateType[] = [];
  const from = new Map<StateType, number | undefined>();
  for (const { state, module, from: first } of entries) {
    if (!state) continue;
    const { name } = state;
    if (!types.includes(state)) {
      if (types.some((type) => type.name === name)) {
        throw new InvalidDefinitionError(
          `Handlers '${module}' use a state named '${name}' that is not the '${name}' of other handlers. Define it once, in a module that both import.`,
          { details: { module, state: name } },
        );
      }
      types.push(state);
      from.set(state, first);
    } else if (from.get(state) !== first) {
      throw new InvalidDefinitionError(
        `Handlers '${module}': state '${name}' is used by handlers with different 'from', so its events would not come in the order of the log. Give a handler that asks for old events a state of its own.`,
        { details: { module, state: name } },
      );
    }
  }
  return types;
}

function newHeld(type: StateType, bytes: string | undefined): Held {
  return { type, bytes, value: undefined, isLoaded: false, isTouched: false, next: undefined };
}

function initialOf(type: StateType, partitionKey: string): unknown {
  try {
    return type.initial();
  } catch (error) {
    throw invalid(type, partitionKey, `has no beginning: its initial threw ${messageOf(error)}`, error);
  }
}

function validated(type: StateType, value: unknown, partitionKey: string): unknown {
  let result: ReturnType<NonNullable<StateType['schema']>['safeParse']>;
  try {
    result = (type.schema as NonNullable<StateType['schema']>).safeParse(value);
  } catch (error) {
    throw invalid(type, partitionKey, `cannot be checked: its schema threw ${messageOf(error)}`, error);
  }
  if (result?.success === true) return result.data;
  if (isPromised(result))
    throw invalid(type, partitionKey, 'cannot be checked: its schema returned a promise');
  const [issue] = result?.error?.issues ?? [];
  const path = issue?.path.map(String).join('.') ?? '';
  const what = `${path && `, field '${path}', `}does not match its schema: ${issue?.message ?? 'it says no more'}`;
  throw invalid(type, partitionKey, what, result?.error);
}

function invalid({ name }: StateType, key: string, what: string, cause?: unknown): InvalidStateError {
  return new InvalidStateError(`State '${name}' of key '${key}'${what.startsWith(',') ? '' : ' '}${what}.`, {
    cause,
    details: { state: name, key },
  });
}

function tooLarge({ name }: StateType, key: string, bytes: number): StateTooLargeError {
  return new StateTooLargeError(
    `State '${name}' of key '${key}' takes ${bytes} bytes, the limit is ${MAX_STATE_BYTES}. Keep less for each key, or use more keys.`,
    { details: { state: name, key, bytes } },
  );
}
