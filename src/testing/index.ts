export {
  checkDeterminism,
  type DeterminismOptions,
  type DeterminismReport,
} from './check-determinism.js';
export type { EventSource, SeenEvent } from './event-source.js';
export { EventSpy, type EventSpyOptions, type SpiedEvent } from './event-spy.js';
export type { ExpectedError } from './expected-error.js';
export { EventPattern, type ExpectedEvent, like, type PartOf } from './expected-event.js';
export {
  HandlerSpec,
  type HandlerSpecOptions,
  type Outcome,
  SpecifiedEvent,
  specify,
} from './handler-spec.js';
export { type MatcherResult, type MillraceMatchers, millraceMatchers } from './matchers.js';
export type { RetryMode } from './retry-timers.js';
export type { ExpectedTimer, ScheduledTimer } from './scheduled-timers.js';
export type { ExecutedCommand, ExpectedCommand } from './sent-commands.js';
export * from './store.js';
export {
  type MakeStore,
  type StoreCheck,
  type StoreContractOptions,
  storeContract,
} from './store-contract.js';
export { TestClock } from './test-clock.js';
export { createTestEngine, type TestEngine, type TestEngineOptions } from './test-engine.js';
export { type WaitForOptions, waitFor } from './wait-for.js';
export { whenHandled, whenQuiescent } from './when-handled.js';
export type { WaitOptions } from './within-time.js';
