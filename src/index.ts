export { Engine } from './engine/engine.js';
export { type Fill, NOTICE_CHANNEL, type Notice } from './engine/notices.js';
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
  Subscription,
  Until,
} from './engine/options.js';
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
  type OnEvent,
} from './lanes/handlers.js';
export {
  createPublisher,
  PublishedEvent,
  Publisher,
  type PublisherOptions,
  type SubscriberOptions,
} from './publisher/publisher.js';
export {
  openStoreReader,
  type StoreReader,
  type StoreReadOptions,
  type StoreSummary,
} from './store/inspect.js';
