import { EngineClosedError, EngineFailedError } from '../faces/errors.js';
import type { AnyEventType, EventType } from '../index.js';

/** What test tools look at in an event: of an engine, or of a publisher, whose events have no version. */
export interface SeenEvent {
  readonly type: string;
  readonly aggregateId: string;
  readonly position: number;
  readonly version?: number;
  readonly occurredAt: number;
  readonly data: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Where events come from: an `Engine` or a `Publisher`. */
export interface EventSource<Event extends SeenEvent> {
  subscribe(type: EventType, handler: () => unknown): Disposable;
  subscribeAll(handler: (event: Event) => unknown, options?: { readonly priority?: number }): Disposable;
}

/**
 * Checks that the event type that something is expected of can come at all: to assert that it did not would prove
 * nothing otherwise. Subscribing is the one question about a type that engines and publishers both answer.
 *
 * @throws UnknownEventTypeError
 */
export function checkKnown(
  source: Pick<EventSource<never>, 'subscribe'>,
  { eventType }: { readonly eventType: AnyEventType | undefined },
): void {
  if (!eventType) return;
  try {
    source.subscribe(eventType as EventType, () => {})[Symbol.dispose]();
  } catch (error) {
    // What a closed or failed engine has published can still be looked at.
    if (!(error instanceof EngineClosedError || error instanceof EngineFailedError)) throw error;
  }
}
