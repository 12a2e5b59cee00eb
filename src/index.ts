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
export type { Health, HealthStatus } from './engine/watch/health-status.js';
export type { EngineLogger } from './engine/watch/logger.js';
export { Metrics } from './engine/watch/metrics.js';
export type { Fill, Notice } from './engine/watch/notices.js';
export {
  type AnyEventType,
  type DataOf,
  type DomainEvent,
  defineEvent,
  defineHandlers,
  defineState,
  type EventMetadata,
  type EventOf,
  type EventOptions,
  type EventType,
  type EventTypeOptions,
  type FailurePolicy,
  type Handler,
  type HandlerContext,
  type HandlerModule,
  type HandlerOptions,
  type ModuleHooks,
  type NewEvent,
  type OnEvent,
  type StateHandler,
  type StateType,
} from './faces/define.js';
export { MillraceError } from './kernel/errors.js';
export type { MetricsSnapshot } from './observe/snapshot.js';
export type { Tracing } from './observe/tracing.js';
export type { Subscription } from './publisher/subscription.js';
export type { DeadLetter } from './store/dead-letter.js';
