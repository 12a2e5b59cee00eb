import { availableParallelism, cpus } from 'node:os';
import { messageOf } from '../../kernel/thrown.js';
import { HOT_KEYS_SHOWN } from '../../limits.js';
import { HotKeys } from '../../observe/hot-keys.js';
import type { ProfileSession } from '../../sampling/session.js';
import { epochNow } from '../../sampling/span-log.js';
import { ThreadProfiler, type ThreadReading } from '../../sampling/thread-profiler.js';
import { assemble, type RecordedProfile, type ThreadRecord } from './assemble.js';
import type { CheckedProfileOptions } from './profile-options.js';
import type { ProfiledParts } from './profiled-engine.js';
import { QueueReadings } from './queue-readings.js';
import { ThreadProfiles } from './thread-profiles.js';

/** One profile of an engine, from its start to its end: all threads at once. */
export class Recording {
  readonly #engine: ProfiledParts;
  readonly #options: CheckedProfileOptions;
  readonly #dispatcher = new ThreadProfiler();
  readonly #hotKeys = new HotKeys();
  readonly #threads: ThreadProfiles;
  readonly #queues: QueueReadings;
  #startedAt = 0;
  #before: Counts = NOTHING;

  constructor(engine: ProfiledParts, options: CheckedProfileOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#queues = new QueueReadings(engine.facts);
    const { cpu, heap, intervalMicros } = options;
    this.#threads = new ThreadProfiles({ do: 'start', cpu, heap, intervalMicros });
  }

  /** @throws what the inspector or a thread throws; nothing is sampled then. */
  async start(): Promise<void> {
    const { crew, consumers, meters, store } = this.#engine;
    const { cpu, heap, intervalMicros } = this.#options;
    const order = { do: 'start', cpu, heap, intervalMicros } as const;
    this.#startedAt = epochNow();
    this.#before = this.#counts();
    meters.profiledKeys = this.#hotKeys;
    const started = await Promise.allSettled([
      crew.profile(this.#threads),
      consumers.profile(this.#threads),
      store.profile?.(order),
      this.#dispatcher.start(order),
    ]);
    this.#queues.start(this.#startedAt);
    const refused = started.find((thread) => thread.status === 'rejected');
    if (!refused) return;
    // Whatever stopping says about the part that did not start is less than what that part said itself.
    await Promise.allSettled([this.stop()]);
    throw refused.reason;
  }

  async stop(): Promise<RecordedProfile> {
    const { crew, consumers, facts, meters } = this.#engine;
    this.#queues.stop();
    crew.endProfile();
    consumers.endProfile();
    meters.profiledKeys = undefined;
    const duration = epochNow() - this.#startedAt;
    const counts = this.#counts();
    const threads = await this.#threads.take();
    const writer = await this.#takeWriter();
    const dispatcher: ThreadRecord = {
      name: 'dispatcher',
      role: 'dispatcher',
      reading: withInline(await this.#dispatcher.stop(), threads),
    };
    const onThreads = threads.filter(({ reading }) => !isInline(reading));
    return assemble(
      this.#enginePart(duration, counts),
      [dispatcher, ...onThreads, ...writer],
      this.#startedAt,
      (id) => facts.typeName(id),
    );
  }

  async #takeWriter(): Promise<ThreadRecord[]> {
    const { store, facts } = this.#engine;
    if (!store.profile) return [];
    // A writer that has ended would never answer.
    const { failure } = facts;
    if (failure) return [{ name: 'writer', role: 'writer', missing: failure.message }];
    try {
      return [{ name: 'writer', role: 'writer', reading: await store.profile({ do: 'stop' }) }];
    } catch (error) {
      return [{ name: 'writer', role: 'writer', missing: messageOf(error) }];
    }
  }

  #enginePart(duration: number, counts: Counts) {
    const { options, facts } = this.#engine;
    const { cpu, heap, intervalMicros } = this.#options;
    const keys = this.#hotKeys.top(HOT_KEYS_SHOWN);
    const handled = Math.max(1, this.#hotKeys.total);
    return {
      startedAt: new Date(this.#startedAt).toISOString(),
      duration,
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      settings: {
        cpu,
        heap,
        intervalMicros,
        threads: facts.threads,
        concurrency: options.concurrency,
        durability: options.durability,
        maxInFlight: options.maxInFlight,
        deterministic: options.deterministic,
        dispatch: options.dispatch,
        validate: options.validate,
      },
      queues: this.#queues.list,
      hotKeys: keys.map(({ key, events, error }) => ({ key, share: (events - error) / handled })),
      counts: difference(counts, this.#before),
    };
  }

  #counts(): Counts {
    const { facts, meters } = this.#engine;
    const { accepted, emitted, handled, failed } = facts.counters;
    return {
      published: accepted - emitted,
      durable: meters.durable.count,
      handled,
      failed,
      laneDeaths: meters.lanes.reduce((sum, { deaths }) => sum + deaths, 0),
    };
  }
}

type Counts = ProfileSession['counts'];

const NOTHING: Counts = { published: 0, durable: 0, handled: 0, failed: 0, laneDeaths: 0 };

function difference(after: Counts, before: Counts): Counts {
  return {
    published: after.published - before.published,
    durable: after.durable - before.durable,
    handled: after.handled - before.handled,
    failed: after.failed - before.failed,
    laneDeaths: after.laneDeaths - before.laneDeaths,
  };
}

/** A lane on the main thread reads no memory: the dispatcher does, and gets what ran there. */
function isInline(reading: ThreadReading | undefined): boolean {
  return reading !== undefined && reading.memory.length === 0 && reading.missing === undefined;
}

function withInline(dispatcher: ThreadReading, threads: readonly ThreadRecord[]): ThreadReading {
  const inline = threads.flatMap(({ reading }) => (reading && isInline(reading) ? reading : []));
  return {
    ...dispatcher,
    spans: [...dispatcher.spans, ...inline.flatMap(({ spans }) => spans)],
    spansLeftOut: inline.reduce((sum, { spansLeftOut }) => sum + spansLeftOut, dispatcher.spansLeftOut),
    work: inline.flatMap(({ work = [] }) => work),
  };
}
