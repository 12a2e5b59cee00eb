import type { DomainEvent } from '../events/domain-event.js';
import type { EventRegistry } from '../events/registry.js';
import type { MakeLane } from '../lanes/executor.js';
import type { Meters } from '../observe/meters.js';
import type { Subscriptions } from '../publisher/subscriptions.js';
import type { StoreState } from '../store/protocol.js';
import type { Store } from '../store/store.js';
import type { CrewSetup } from './dispatch/lane-crew.js';
import type { Orders } from './dispatch/orders.js';
import type { Timers } from './timers.js';
import type { Counters } from './watch/counters.js';
import type { HealthThresholds } from './watch/health.js';
import type { Notices } from './watch/notices.js';

/** The log that an engine had open. */
export interface KnownLog {
  readonly run: string;
  readonly lastDurable: number;
}

/** What a hub is made of. */
export interface HubParts {
  readonly registry: EventRegistry;
  readonly store: Store;
  readonly state: StoreState;
  readonly makeLane: MakeLane;
  readonly setup: CrewSetup;
  readonly timers: Timers;
  /** Outlive the hub when the engine recovers. */
  readonly subscriptions: Subscriptions<DomainEvent>;
  readonly notices: Notices;
  readonly counters: Counters;
  readonly orders: Orders;
  /** Who waits for handlers on the main thread: see `checkWait`. */
  readonly owner: object;
  readonly meters: Meters;
  readonly health: Required<HealthThresholds>;
  readonly dispatch: 'durable' | 'accepted';
  readonly deterministic: boolean;
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
  /** Names kept in memory. */
  readonly maxNames: number;
}
