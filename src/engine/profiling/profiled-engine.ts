import type { ConsumerThreads } from '../../consumers/threads.js';
import type { Meters } from '../../observe/meters.js';
import type { Store } from '../../store/store.js';
import type { CheckedOptions } from '../check-options.js';
import type { LaneCrew } from '../dispatch/lane-crew.js';
import type { EngineFacts } from '../watch/facts.js';

/** What profiling needs of an engine: its threads, and what there is to say about them. */
export interface ProfiledEngine {
  readonly options: CheckedOptions;
  readonly facts: EngineFacts;
  readonly meters: Meters;
  readonly crew: LaneCrew;
  readonly store: Store;
}

/** And what outlives its recoveries. */
export interface ProfiledParts extends ProfiledEngine {
  readonly consumers: ConsumerThreads;
}
