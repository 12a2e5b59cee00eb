// What modules with event types and handlers need. It is all that they load into each lane thread, so it stays light:
// no engine, no store, no threads, no publisher.
export {
  type AnyEventType,
  type DataOf,
  defineEvent,
  type EventOf,
  type EventOptions,
  type EventType,
  type EventTypeOptions,
  type NewEvent,
} from '../events/define-event.js';
export type { DomainEvent, EventMetadata } from '../events/domain-event.js';
export {
  defineHandlers,
  type FailurePolicy,
  type Handler,
  type HandlerContext,
  type HandlerModule,
  type HandlerOptions,
  type ModuleHooks,
  type OnEvent,
  type StateHandler,
  type StateHandlerOptions,
} from '../lanes/handlers.js';
export {
  defineState,
  type StateOptions,
  type StateType,
} from '../lanes/states/define-state.js';
export type { Duration, ScheduleOptions, TimerTime } from '../lanes/timers/timer-time.js';
