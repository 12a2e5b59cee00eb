import type { EventRegistry } from '../events/registry.js';
import type { Store } from '../store/store.js';
import type { ConsumerLink } from './link.js';

/** How consumers wait. */
export interface ConsumerTimers {
  set(callback: () => void, milliseconds: number): unknown;
  background(callback: () => void, milliseconds: number): unknown;
  clear(timer: unknown): void;
  /** Epoch milliseconds. */
  now(): number;
}

/** What consumers need of an engine; its rooms have it, and `recover` puts other rooms in their place. */
export interface ConsumedLog {
  readonly run: string;
  readonly registry: EventRegistry;
  readonly store: Store;
  readonly timers: ConsumerTimers;
  readonly consumerLink: ConsumerLink;
  readonly facts: {
    readonly failure: Error | undefined;
    readonly lastDurable: number;
    readonly lastPosition: number;
  };
  readonly hub: {
    /** Sends what there is to commit. */
    flush(): void;
    /** Resolves when everything that has happened so far is committed. */
    flushed(): Promise<void>;
  };
}
