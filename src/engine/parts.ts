import type { ConsumerLink } from '../consumers/link.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventRegistry } from '../events/registry.js';
import type { Time } from '../kernel/time.js';
import type { MakeLane } from '../lanes/executor.js';
import type { Meters } from '../observe/meters.js';
import type { Subscriptions } from '../publisher/subscriptions.js';
import type { StoreState } from '../store/protocol.js';
import type { PageSource } from '../store/read-pages.js';
import type { Store } from '../store/store.js';
import type { CheckedOptions } from './check-options.js';
import type { CommandDesk } from './commands/desk.js';
import type { SentCommands } from './commands/sent-commands.js';
import type { CommitQueue } from './commit/commit-queue.js';
import type { CrewSetup, LaneCrew } from './dispatch/lane-crew.js';
import type { Orders } from './dispatch/orders.js';
import type { Failures } from './failures/failures.js';
import type { Hub } from './hub.js';
import type { IntakeParts } from './intake/intake-flow.js';
import type { Preparation } from './intake/prepare.js';
import type { Holding } from './replay/holding.js';
import type { LateHandlers } from './replay/late-handlers.js';
import type { ReplayParts } from './replay/log-flow.js';
import type { Resumer } from './replay/resume.js';
import type { KeyGate } from './sequence/key-gate.js';
import type { Shapes } from './sequence/shapes.js';
import type { EngineState } from './state.js';
import type { StateKeeper } from './states/state-keeper.js';
import type { TimerKeeper } from './timers/timer-keeper.js';
import type { WallTimers } from './timers/wall-timers.js';
import type { Counters } from './watch/counters.js';
import type { EngineFacts } from './watch/facts.js';
import type { HealthWatch } from './watch/health.js';
import type { EngineLog } from './watch/logger.js';
import type { Notices } from './watch/notices.js';

/** What outlives the inner parts when an engine recovers. */
export interface Lasting {
  readonly state: EngineState;
  readonly subscriptions: Subscriptions<DomainEvent>;
  readonly notices: Notices;
  readonly counters: Counters;
  readonly orders: Orders;
  readonly meters: Meters;
  readonly log: EngineLog;
  readonly time: Time;
  readonly consumerLink: ConsumerLink;
}

/** What the rooms of an engine are made from. */
export interface Foundation extends Lasting {
  readonly options: CheckedOptions;
  readonly registry: EventRegistry;
  readonly store: Store;
  /** What the store knew when it was opened. */
  readonly stored: StoreState;
  readonly makeLane: MakeLane;
  readonly setup: CrewSetup;
  /** The time of an event that is published without one, where it is not the wall clock's. */
  readonly eventTime: (() => number) | undefined;
  /** Names kept in memory. */
  readonly maxNames: number;
  /** Whether free keys go to another lane each time: for tests of what handlers keep on their thread. */
  readonly movesKeys?: boolean | undefined;
  /** Memory that keys' states may take; left out: as much as the heap allows. */
  readonly maxStateBytes?: number | undefined;
  /** Tickets of timers kept in memory; left out: `NEAR_TIMERS`. */
  readonly nearTimers?: number | undefined;
}

/** The rooms of an engine, as far as the engine itself and the rooms beside the flow reach into them. */
export interface Rooms extends IntakeParts, ReplayParts {
  readonly hub: Hub;
  readonly preparation: Preparation;
  readonly crew: LaneCrew;
  readonly commands: CommandDesk;
  readonly sent: SentCommands;
  readonly shapes: Shapes;
  readonly failures: Failures;
  readonly holding: Holding;
  readonly late: LateHandlers;
  readonly commits: Pick<CommitQueue, 'isChanging'>;
  readonly states: StateKeeper;
  readonly timers: TimerKeeper;
  /** In deterministic mode only. */
  readonly gate: KeyGate | undefined;
  /** Not in deterministic mode. */
  readonly wallTimers: WallTimers | undefined;
  readonly resumer: Resumer;
  readonly tailOf: PageSource['tailOf'];
  readonly endOf: PageSource['endOf'];
  readonly facts: EngineFacts;
  readonly health: HealthWatch;
}

/** What an engine is made of; `openEngine` puts it together, and `recover` puts another one in its place. */
export interface EngineParts extends Rooms, Lasting {
  readonly options: CheckedOptions;
  readonly run: string;
  /** Where the log ended when it was opened. */
  readonly openedAt: number;
  /** Resolves when what was unfinished at the opening is handled. */
  readonly recovered: Promise<void>;
}

/** The log that an engine had open. */
export interface KnownLog {
  readonly run: string;
  readonly lastDurable: number;
}
