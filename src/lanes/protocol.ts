import type { Shape } from '../events/codec.js';
import type { TypedShape } from '../events/emission.js';
import type { WireError } from '../events/error-codec.js';
import type { StoredType } from '../events/registry.js';
import type { ProfileOrder, ThreadReading } from '../profile/thread-profiler.js';
import type { FailureRule } from './handlers.js';

/** What a lane is told once, before its first batch. */
export interface LaneSetup {
  readonly lane: number;
  readonly modules: readonly string[];
  readonly types: readonly StoredType[];
  readonly shapes: readonly Shape[];
  readonly run: string;
  readonly seed: string;
  readonly deterministic: boolean;
  readonly validate: boolean;
  readonly concurrency: number;
  readonly shared: Readonly<Record<string, unknown>>;
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

/** Events for one lane, in the order in which they must run. */
export interface LaneBatch {
  readonly kind: 'batch';
  readonly slabs: readonly NewSlab[];
  /** Slabs that are not used again: the lane lets go of their memory. */
  readonly forgotten: readonly number[];
  /** All payload shapes, when there are more than the lane was told of. */
  readonly shapes?: readonly Shape[];
  readonly rows: Uint32Array;
  /** Keys whose failure the main thread has dealt with: the lane may run them again. */
  readonly cleared: readonly number[];
  /** Tries before this one, by index in `rows`; left out when all are first tries. */
  readonly attempts?: ReadonlyMap<number, number>;
}

/** Everything that the main thread sends to a lane thread: one Piscina task each. */
export type LaneTask =
  | { readonly kind: 'open'; readonly setup: LaneSetup; readonly cell: SharedArrayBuffer }
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
}

export interface LaneFailure {
  readonly index: number;
  readonly error: WireError;
  /** Name of the handler module. */
  readonly handler: string;
}

export interface LaneResult {
  readonly kind: 'result';
  readonly failures: readonly LaneFailure[];
  /** Indexes that did not run, because an earlier event of their key failed. */
  readonly held: readonly number[];
  readonly emitted: Uint8Array | undefined;
  /** Shapes of emitted payloads that have no number yet. */
  readonly unknownShapes: readonly TypedShape[];
  /** Milliseconds from the batch's first event to its last. */
  readonly milliseconds: number;
  /** The same, without what the batch before it took. */
  readonly busy: number;
  /** Triples of stored type, events, and milliseconds of the one that was timed; see `WorkMeter`. */
  readonly types: Float64Array;
  /** Bytes of the thread's JavaScript heap in use. */
  readonly heap: number;
}

/** Everything that a lane answers. Errors travel as data: Piscina drops class and code of thrown ones. */
export type LaneReply =
  | { readonly kind: 'opened'; readonly handled: readonly HandledType[] }
  | { readonly kind: 'refused'; readonly error: WireError }
  /** What the `onBroadcast` hooks threw. */
  | { readonly kind: 'heard'; readonly errors: readonly WireError[] }
  | { readonly kind: 'profiled'; readonly reading: ThreadReading | undefined }
  | { readonly kind: 'unprofiled'; readonly error: WireError }
  | LaneResult;
