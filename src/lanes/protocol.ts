import type { Shape } from '../events/codec.js';
import type { TypedShape } from '../events/emission.js';
import type { WireError } from '../events/error-codec.js';
import type { StoredType } from '../events/registry.js';
import type { FailurePolicy } from './handlers.js';

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
export type LaneTask = { readonly kind: 'open'; readonly setup: LaneSetup } | LaneBatch;

/** How a lane's handlers answer for their event types. */
export interface HandledType {
  readonly type: string;
  readonly retries: number;
  readonly onFailure: FailurePolicy;
}

export interface LaneFailure {
  readonly index: number;
  readonly error: WireError;
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
}

/** Everything that a lane answers. Errors travel as data: Piscina drops class and code of thrown ones. */
export type LaneReply =
  | { readonly kind: 'opened'; readonly handled: readonly HandledType[] }
  | { readonly kind: 'refused'; readonly error: WireError }
  | LaneResult;
