import type { MessagePort } from 'node:worker_threads';
import type { TypedShape } from '../events/emission.js';
import type { StoredType } from '../events/registry.js';
import type { Shape } from '../events/shape-index.js';
import type { WireError } from '../kernel/error-codec.js';
import type { ProfileOrder, ThreadReading } from '../sampling/thread-profiler.js';
import type { LoadedAggregate } from './aggregates/protocol.js';
import type { FailureRule } from './handlers.js';
import type { HistorySetup } from './history.js';
import type { StateCargo } from './states/cargo.js';
import type { TimerOrders } from './timers/lane-timers.js';

/** What a lane is told once, before its first batch. */
export interface LaneSetup {
  readonly lane: number;
  readonly modules: readonly string[];
  /** URLs of the modules that export aggregates. */
  readonly aggregates?: readonly string[];
  readonly types: readonly StoredType[];
  readonly shapes: readonly Shape[];
  readonly run: string;
  readonly seed: string;
  readonly deterministic: boolean;
  readonly validate: boolean;
  readonly concurrency: number;
  readonly shared: Readonly<Record<string, unknown>>;
  readonly history: HistorySetup;
  /** The `timeoutMs` of handlers that have none of their own. */
  readonly handlerTimeoutMs?: number | undefined;
  /** URL of the module that runs handlers inside spans, if there is one. */
  readonly tracing: string | undefined;
}

/** Shared memory that a lane has not seen yet. */
export interface NewSlab {
  readonly id: number;
  readonly memory: SharedArrayBuffer;
}

/** Which handlers of its type an event is for. */
export interface CalledHandlers {
  /** Those that ask for no old events. */
  readonly lanes: boolean;
  /** Those that do, of these modules. */
  readonly late: readonly string[];
}

/**
 * Events for one lane, in the order in which they must run. The rows stay the main thread's until the lane begins
 * them: `Slab.claim` of each holds the batch's number, and who changes it first has the row.
 */
export interface LaneBatch {
  readonly kind: 'batch';
  /** Number of this sending, from 1. */
  readonly ticket: number;
  readonly slabs: readonly NewSlab[];
  /** Slabs that are not used again: the lane lets go of their memory. */
  readonly forgotten: readonly number[];
  /** All payload shapes, when there are more than the lane was told of. */
  readonly shapes?: readonly Shape[];
  readonly rows: Uint32Array;
  /** Keys whose failure the main thread has dealt with: the lane may run them again. */
  readonly cleared: readonly number[];
  /** Which handlers alone are called, by index in `rows`: others have had these events. */
  readonly only?: ReadonlyMap<number, CalledHandlers>;
  /** Tries before this one, by index in `rows`; left out when all are first tries. */
  readonly attempts?: ReadonlyMap<number, number>;
  /** What is to be known of keys' states before these events. */
  readonly states?: StateCargo;
}

/** Everything that the main thread sends to a lane thread: one Piscina task each. */
export type LaneTask =
  | {
      readonly kind: 'open';
      readonly setup: LaneSetup;
      readonly cell: SharedArrayBuffer;
      /** Where answers go that do not end a batch; questions with their answers, and all of commands, go both ways. */
      readonly answers: MessagePort;
    }
  | LaneBatch
  | { readonly kind: 'broadcast'; readonly message: unknown }
  | { readonly kind: 'profile'; readonly order: ProfileOrder };

/** How a lane's handlers answer for their event types. */
export interface HandledType extends FailureRule {
  readonly type: string;
  /** Names of the handler modules, for messages. */
  readonly modules: string;
  /** The shortest `timeoutMs` of the type's handlers. */
  readonly timeoutMs: number | undefined;
  /** Modules with handlers that ask for old events, and the first position of them. */
  readonly late: readonly {
    readonly module: string;
    readonly from: number;
    /** Names of the states that those handlers use. */
    readonly states: readonly string[];
  }[];
  /** All states of the lane's handlers, in the order of their indexes. */
  readonly states: readonly { readonly name: string; readonly version: number }[];
  /** Names of the states that handlers of this type use. */
  readonly usedStates: readonly string[];
}

export interface LaneFailure {
  /** Row reference. */
  readonly reference: number;
  readonly error: WireError;
  /** Name of the handler module. */
  readonly handler: string;
}

/**
 * What has come of some events since the lane's last answer: of those of a whole batch that ran without waiting, or
 * of those whose handlers ended in one turn of the lane's event loop. An event's answer is never parted from what it
 * emitted, and the events of a key are answered in their order. What the lane had begun and not answered when it
 * died runs again.
 */
export interface LaneAnswer {
  readonly kind: 'answer';
  /** 1 for a lane's first answer. Answers travel on two ways, and are taken in this order. */
  readonly number: number;
  /** Row references of the events that succeeded, in the order in which they ended. */
  readonly done: Uint32Array;
  readonly failures: readonly LaneFailure[];
  /** Row references of events that did not run, because an earlier event of their key failed. */
  readonly held: readonly number[];
  /** Row references of events that were begun since the last answer and are being awaited. */
  readonly waiting: readonly number[];
  /** Events that are being awaited. */
  readonly awaited: number;
  /** Batches of which every row was begun, or waits behind one of its key, since the last answer. */
  readonly passed: number;
  readonly emitted: Uint8Array | undefined;
  /** States that events have changed, each with its event; see `StateRecords`. */
  readonly states: Uint8Array | undefined;
  /** What events want of their keys' timers, in the order in which they ended. */
  readonly timers: readonly TimerOrders[] | undefined;
  /** Shapes of emitted payloads that have no number yet. */
  readonly unknownShapes: readonly TypedShape[];
  /** Shapes of states that have none yet; `type` is the index of the state. */
  readonly stateShapes: readonly TypedShape[];
  /** Milliseconds that the lane has worked since its last answer; what it waited for is left out. */
  readonly busy: number;
  /** Milliseconds since its last answer. */
  readonly elapsed: number;
  /** Triples of stored type, events, and milliseconds of the one that was timed; see `WorkMeter`. */
  readonly types: Float64Array;
  /** Bytes of the thread's JavaScript heap in use. */
  readonly heap: number;
  /** Times that the lane's tracer failed since its last answer. */
  readonly tracerErrors: number;
}

/** Everything that a lane answers. Errors travel as data: Piscina drops class and code of thrown ones. */
export type LaneReply =
  | {
      readonly kind: 'opened';
      readonly handled: readonly HandledType[];
      readonly aggregates: readonly LoadedAggregate[];
    }
  | { readonly kind: 'refused'; readonly error: WireError }
  /** What the `onBroadcast` hooks threw. */
  | { readonly kind: 'heard'; readonly errors: readonly WireError[] }
  | { readonly kind: 'profiled'; readonly reading: ThreadReading | undefined }
  | { readonly kind: 'unprofiled'; readonly error: WireError }
  /** The lane has room for another batch. The answer that says so is left out when another one has said it. */
  | { readonly kind: 'passed'; readonly answer: LaneAnswer | undefined };
