import type { EventRegistry } from '../events/registry.js';
import type { Time } from '../kernel/time.js';
import type { Store } from '../store/store.js';
import type { ConsumerLink } from './link.js';

/** What consumers need of an engine; its rooms have it, and `recover` puts other rooms in their place. */
export interface ConsumedLog {
  readonly run: string;
  readonly registry: EventRegistry;
  readonly store: Store;
  readonly time: Time;
  readonly consumerLink: ConsumerLink;
  /** Where the log ended when it was opened. */
  readonly openedAt: number;
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
