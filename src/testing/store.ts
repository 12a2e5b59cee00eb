/**
 * What a store of your own is made of: the types of its interface, the codec that its reader offers, and a store to
 * begin with.
 */
export { Codec } from '../events/codec.js';
export type { StoredType } from '../events/registry.js';
export type { SentCommand } from '../events/sent-command.js';
export type { Shape } from '../events/shape-index.js';
export { ROW_NEW_AGGREGATE, ROW_NEW_KEY, type Slab } from '../events/slab.js';
export type { ProfileOrder, ThreadReading } from '../sampling/thread-profiler.js';
export type { CommandChange, CommandQuery, StoredCommand } from '../store/command.js';
export {
  BUS_CONSUMER,
  type ConsumerChange,
  type ConsumerFailureRecord,
  type StoredConsumer,
} from '../store/consumer.js';
export type {
  DeadLetterChange,
  DeadLetterRange,
  DeadLetterRecord,
  LetterCount,
  OpenDeadLetters,
  SettledLetter,
} from '../store/dead-letter.js';
export { MemoryStore } from '../store/memory/memory-store.js';
export type {
  DroppedEntries,
  EncodedEntry,
  FailedRecord,
  ProcessingChange,
  ProcessingEntry,
  RowRange,
  StoredProcessing,
} from '../store/processing.js';
export type { ProgressChange, ProgressChunk } from '../store/progress.js';
export type { StoreState, TypeToStore } from '../store/protocol.js';
export {
  type StateChange,
  type StateQuery,
  type StoredState,
  type StoredStateType,
  slotOf,
} from '../store/state.js';
export type {
  CommitBatch,
  EventReader,
  PageQuery,
  RawEvent,
  Segment,
  Store,
  StoredName,
} from '../store/store.js';
export type {
  StoredTimer,
  TimerChange,
  TimerCount,
  TimerPlace,
  TimerQuery,
  TimerTicket,
} from '../store/timer.js';
