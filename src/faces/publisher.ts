// The publisher of the main thread: subscribers of an engine, of an event bus, and without either.
export { filtered, type HandlerStep, mapped, pipe } from '../publisher/compose.js';
export type { SubscriberFailure } from '../publisher/failure.js';
export { PublishedEvent } from '../publisher/published-event.js';
export {
  createPublisher,
  Publisher,
  type PublisherOptions,
  type SubscriberOptions,
} from '../publisher/publisher.js';
export type { EventKinds, MatchingEvent, Subscribable, SubscribedEvent } from '../publisher/subscribable.js';
export type { Subscription } from '../publisher/subscription.js';
export type {
  SubscriptionHandler,
  SubscriptionOptions,
  SubscriptionOwner,
  TransformOptions,
} from '../publisher/subscription-options.js';
