// The event bus, its storage, and both together.
export type { BusNotice } from '../bus/bus-notice.js';
export type { BusStatistics } from '../bus/bus-statistics.js';
export { createEventBus, EventBus } from '../bus/event-bus.js';
export {
  createEventStorage,
  EventStorage,
  type EventStorageOptions,
  type MarkOptions,
  type ProcessingLogQuery,
  type StorageStatistics,
} from '../bus/event-storage.js';
export { createEventSystem, type EventSystem } from '../bus/event-system.js';
export type { FailedEvent } from '../bus/failed-event.js';
export { type FailedEventQuery, FailedEvents } from '../bus/failed-events.js';
export type {
  BusHandler,
  BusHandlerContext,
  BusSubscribeOptions,
  EventBusOptions,
  JournalOptions,
  WhenFull,
} from '../bus/options.js';
export type { ProcessingEntry } from '../store/processing.js';
