/** A subscriber on the main thread. */
interface Subscriber {
  readonly type: string | undefined;
  readonly handle: (event: never) => unknown;
  readonly filter: ((event: never) => boolean) | undefined;
  readonly priority: number;
}

/** Who on the main thread hears of which event type. */
export class Subscriptions<Event extends { readonly type: string }> {
  readonly #onError: (error: unknown, event: Event) => void;
  #subscribers: readonly Subscriber[] = [];
  /** Subscribers by type in calling order, made when a type is first met and dropped on any change. */
  readonly #byType = new Map<string, readonly Subscriber[]>();

  constructor(onError: (error: unknown, event: Event) => void) {
    this.#onError = onError;
  }

  /** Whether nobody listens to anything. */
  get isEmpty(): boolean {
    return this.#subscribers.length === 0;
  }

  hasSubscribers(type: string): boolean {
    return this.#for(type).length > 0;
  }

  /** Adds a subscriber, of all types when `type` is undefined. Returns what removes it. */
  add(subscriber: Subscriber): () => void {
    this.#change([...this.#subscribers, subscriber]);
    return () => this.#change(this.#subscribers.filter((other) => other !== subscriber));
  }

  /** Calls the subscribers of an event. What one throws or rejects with is reported, and touches no other. */
  deliver(event: Event): void {
    for (const { handle, filter } of this.#for(event.type)) {
      try {
        if (filter && !filter(event as never)) continue;
        const result = handle(event as never);
        if (result instanceof Promise) result.catch((error: unknown) => this.#onError(error, event));
      } catch (error) {
        this.#onError(error, event);
      }
    }
  }

  #for(type: string): readonly Subscriber[] {
    let subscribers = this.#byType.get(type);
    if (!subscribers) {
      subscribers = this.#subscribers
        .filter((subscriber) => subscriber.type === undefined || subscriber.type === type)
        // Array.prototype.sort is stable: equal priorities keep the order of subscription.
        .sort((a, b) => b.priority - a.priority);
      this.#byType.set(type, subscribers);
    }
    return subscribers;
  }

  #change(subscribers: readonly Subscriber[]): void {
    this.#subscribers = subscribers;
    this.#byType.clear();
  }
}
