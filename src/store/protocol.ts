import type { StoredType } from '../events/registry.js';
import type { Shape } from '../events/shape-index.js';
import type { WireError } from '../kernel/error-codec.js';
import type { ProfileReply, ProfileRequest } from '../threads/answer-profile.js';
import type { CommandChange } from './command.js';
import type { ConsumerChange } from './consumer.js';
import type { DeadLetterChange, OpenDeadLetters } from './dead-letter.js';
import type { ProgressChange, ProgressChunk } from './progress.js';
import type { SnapshotChange } from './snapshot.js';
import type { StateChange, StoredStateType } from './state.js';
import type { TimerChange } from './timer.js';

/** An event type to be interned. */
export interface TypeToStore {
  readonly name: string;
  readonly version: number;
  readonly volatile: readonly string[];
}

export interface WriterOptions {
  readonly path: string;
  readonly synchronous: 'FULL' | 'NORMAL';
  readonly run: string;
  readonly types: readonly TypeToStore[];
  /** Newest events that are not packed. Default `PACK_BEHIND`. */
  readonly packBehind?: number;
}

/** What a store knows when it is opened. */
export interface StoreState {
  readonly run: string;
  readonly lastPosition: number;
  readonly lastName: number;
  readonly types: readonly StoredType[];
  readonly shapes: readonly Shape[];
  readonly progress: ProgressChange;
  readonly deadLetters: OpenDeadLetters;
  readonly states: readonly StoredStateType[];
  /** Whether timers are pending. */
  readonly timers: boolean;
  /** The highest number of a handler's command that is not decided; 0 when there is none. */
  readonly commands: number;
  /** Events up to here are in the index. */
  readonly indexed: number;
}

/** Rows `from` to `to - 1` of a slab. */
export interface SegmentMessage {
  readonly slab: number;
  readonly from: number;
  readonly to: number;
}

/** Everything that the main thread sends to the writer. One commit message is never split over transactions. */
export type WriterRequest =
  | { readonly kind: 'open'; readonly options: WriterOptions }
  | { readonly kind: 'slab'; readonly id: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'forget'; readonly id: number }
  | {
      readonly kind: 'commit';
      readonly sequence: number;
      readonly segments: readonly SegmentMessage[];
      readonly progress: ProgressChange | undefined;
      readonly shapes: readonly Shape[];
      readonly deadLetters?: DeadLetterChange | undefined;
      readonly consumers?: readonly ConsumerChange[];
      readonly states?: StateChange;
      readonly timers?: TimerChange;
      readonly snapshots?: SnapshotChange;
      readonly commands?: CommandChange;
    }
  | ProfileRequest
  | { readonly kind: 'close' };

/** Everything that the writer answers. */
export type WriterReply =
  | { readonly kind: 'opened'; readonly state: StoreState }
  | { readonly kind: 'committed'; readonly sequence: number; readonly indexed: number }
  | ProfileReply
  | { readonly kind: 'failed'; readonly error: WireError }
  /** What the thread does unasked has met damage, and left it as it is; everything goes on. Once at most. */
  | { readonly kind: 'damaged'; readonly error: WireError }
  /** File, lock and everything else are closed, whatever failed in doing so. */
  | { readonly kind: 'closed'; readonly error?: WireError };

export type { ProgressChange, ProgressChunk };
