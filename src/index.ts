export type { BusNotice } from './bus/bus-notice.js';
export type { BusStatistics } from './bus/bus-statistics.js';
export { createEventBus, EventBus } from './bus/event-bus.js';
export {
  createEventStorage,
  EventStorage,
  type EventStorageOptions,
  type MarkOptions,
  type ProcessingLogQuery,
  type StorageStatistics,
} from './bus/event-storage.js';
export { createEventSystem, type EventSystem } from './bus/event-system.js';
export type { FailedEvent } from './bus/failed-event.js';
export { type FailedEventQuery, FailedEvents } from './bus/failed-events.js';
export type {
  BusHandler,
  BusHandlerContext,
  BusSubscribeOptions,
  EventBusOptions,
  JournalOptions,
  WhenFull,
} from './bus/options.js';
export type { ProcessingEntry } from './bus/processing-rows.js';
export type { AppendOptions, DrainOptions } from './engine/call-options.js';
export { type CloseOnSignalsOptions, closeOnSignals } from './engine/close-on-signals.js';
export { Engine } from './engine/engine.js';
export { type DeadLetterQuery, DeadLetters } from './engine/failures/dead-letters.js';
export { openEngine } from './engine/open.js';
export type {
  Durability,
  EngineOptions,
  EngineStats,
  ManyReceipt,
  PublishOptions,
  ReadOptions,
  Receipt,
  SubscribeOptions,
  Unsubscribe,
  Until,
} from './engine/options.js';
export { type FindLeaksOptions, findLeaks, type Leak } from './engine/profiling/find-leaks.js';
export type { ProfileOptions } from './engine/profiling/profile-options.js';
export type { ProfileReport, SnapshotOptions } from './engine/profiling/profiling.js';
export type { Health, HealthStatus } from './engine/watch/health-status.js';
export type { EngineLogger } from './engine/watch/logger.js';
export { Metrics } from './engine/watch/metrics.js';
export { type Fill, NOTICE_CHANNEL, type Notice } from './engine/watch/notices.js';
export {
  type AnyEventType,
  type DataOf,
  defineEvent,
  type EventOptions,
  type EventType,
  type EventTypeOptions,
  type NewEvent,
} from './events/define-event.js';
export type { DomainEvent, EventMetadata } from './events/domain-event.js';
export * from './events/errors.js';
export {
  defineHandlers,
  type FailurePolicy,
  type Handler,
  type HandlerContext,
  type HandlerModule,
  type HandlerOptions,
  type ModuleHooks,
  type OnEvent,
} from './lanes/handlers.js';
export { CHANNELS } from './observe/channels.js';
export type { LatencySummary } from './observe/histogram.js';
export type { HotKey } from './observe/hot-keys.js';
export type { LaneMetrics, Latencies, TypeMetrics } from './observe/meters.js';
export type { MetricsSnapshot } from './observe/snapshot.js';
export { traceChrome, traceTree } from './observe/trace-text.js';
export type { TraceCarrier, Tracing } from './observe/tracing.js';
export { ENGINE_CHANNEL } from './profile/engine-channel.js';
export type { ConstructorCount } from './profile/heap-objects.js';
export { type DiffOptions, diffProfiles } from './profile/report/diff.js';
export type { ProfileChange, ProfileDiff } from './profile/report/change.js';
export type {
  Cause,
  HandlerRow,
  ProfileSummary,
  Room,
  ThreadSummary,
  Verdict,
} from './profile/report/summary.js';
export { writeReport } from './profile/report/write-report.js';
export type { ProfileSession } from './profile/session.js';
export { filtered, type HandlerStep, mapped, pipe } from './publisher/compose.js';
export type { SubscriberFailure } from './publisher/failure.js';
export { PublishedEvent } from './publisher/published-event.js';
export {
  createPublisher,
  Publisher,
  type PublisherOptions,
  type SubscriberOptions,
} from './publisher/publisher.js';
export type { EventKinds, EventOf, MatchingEvent, Subscribable } from './publisher/subscribable.js';
export type { Subscription } from './publisher/subscription.js';
export type {
  SubscriptionHandler,
  SubscriptionOptions,
  SubscriptionOwner,
  TransformOptions,
} from './publisher/subscription-options.js';
export type { DeadLetter, DeadLetterState } from './store/dead-letter.js';
export { discardDeadLetters, retryDeadLetters } from './store/dead-letter-editor.js';
export {
  type DeadLetterOptions,
  openStoreReader,
  type StoreReader,
  type StoreReadOptions,
  type StoreSummary,
} from './store/inspect.js';
export type { Trace, TraceNode, TraceQuery } from './store/story.js';
export { traceStory } from './store/trace.js';
export { type StoreReport, verifyStore } from './store/verify.js';
export type { StoreProblem, StoreProblemKind } from './store/verify-problems.js';
