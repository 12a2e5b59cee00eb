import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { knownOptions, optionNames } from '../../events/known-options.js';
import { OutputFolder } from '../../files/output-folder.js';
import { EngineClosedError, InvalidOptionError, ProfileBusyError } from '../../kernel/errors.js';
import { onAbort } from '../../kernel/on-abort.js';
import { openProfileFolder } from '../../report/profile-folder.js';
import { REPORT_FILES } from '../../report/report-files.js';
import type { ProfileSummary } from '../../report/summary.js';
import { writeReportInto } from '../../report/write-report.js';
import type { ConstructorCount } from '../../sampling/heap-objects.js';
import type { ProfileSession } from '../../sampling/session.js';
import { ThreadNames } from '../../sampling/thread-names.js';
import { type ProfileOrder, ThreadProfiler, type ThreadReading } from '../../sampling/thread-profiler.js';
import { type CheckedProfileOptions, checkProfileOptions, type ProfileOptions } from './profile-options.js';
import type { ProfiledParts } from './profiled-engine.js';
import { Recording } from './recording.js';
import { writeProfile } from './write-profile.js';

/** A profile that has been written. */
export interface ProfileReport {
  /** Absolute path of the folder with the report and the profiles. */
  readonly directory: string;
  /** Absolute path of `report.html`: one file, which opens from disk. */
  readonly report: string;
  readonly session: ProfileSession;
  /** The same as `summary.json`: threads, handlers, and the verdicts in words. */
  readonly summary: ProfileSummary;
}

/** How to write heap snapshots. */
export interface SnapshotOptions {
  /** Whether to replace files of the same names, and to follow a link to the folder. Default false. */
  readonly force?: boolean;
}

const SNAPSHOT = optionNames<SnapshotOptions>('heapSnapshots', { force: 'boolean' });

/** Profiles an engine, one profile at a time. */
export class Profiling {
  /** Asked anew each time: `recover` opens other rooms. */
  readonly #engine: () => ProfiledParts;
  #running: Promise<ProfileReport> | undefined;
  /** Ends the profile that runs. */
  #end: (() => void) | undefined;
  #closed = false;

  constructor(engine: () => ProfiledParts) {
    this.#engine = engine;
  }

  /** @throws InvalidOptionError, ProfileBusyError, EngineClosedError, EngineFailedError, and OutputError before anything is sampled. */
  async run(options: ProfileOptions): Promise<ProfileReport> {
    const checked = checkProfileOptions(options);
    if (this.#closed) throw new EngineClosedError('The engine is closed, so there is nothing to profile.');
    if (this.#running) {
      throw new ProfileBusyError(
        'The engine is being profiled already. Wait for that profile, or abort its signal.',
      );
    }
    const { failure } = this.#engine().facts;
    if (failure) throw failure;
    this.#running = this.#record(checked);
    try {
      return await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  /** Writes `<thread>.heapsnapshot` of every thread into a folder. Returns the paths. @throws OutputError, ProfileBusyError */
  async snapshot(directory: string, options: SnapshotOptions): Promise<readonly string[]> {
    const { force = false } = knownOptions(options, SNAPSHOT);
    if (typeof directory !== 'string' || directory === '') {
      throw new InvalidOptionError('heapSnapshots takes the path of a folder, as a text.');
    }
    if (this.#closed) throw closedError();
    const folder = OutputFolder.open(directory, { force });
    const staged = new Map<string, string>();
    try {
      // Before any thread stands still for its snapshot.
      const threads = this.#threads();
      folder.claim([...threads.keys()].map(snapshotFile));
      const readings = await this.#eachThread(threads, (name) => {
        const path = folder.stage();
        staged.set(name, path);
        return { do: 'snapshot', path };
      });
      const paths: string[] = [];
      for (const [name, path] of staged) {
        // A lane without handlers has no thread, and nothing to write; a thread that has died may have written half.
        if (readings.has(name) && existsSync(path)) paths.push(await folder.place(path, snapshotFile(name)));
      }
      return paths;
    } finally {
      for (const path of staged.values()) await rm(path, { force: true });
      folder.removeIfEmpty();
    }
  }

  /** What lives on the heap of every thread. @throws ProfileBusyError */
  async count(): Promise<ReadonlyMap<string, readonly ConstructorCount[]>> {
    const readings = await this.#eachThread(this.#threads(), () => ({ do: 'count' }));
    return new Map([...readings].map(([name, reading]) => [name, reading?.objects ?? []]));
  }

  /** One thread after the other: a snapshot takes memory of its own. One that ends meanwhile is left out. */
  async #eachThread(
    threads: ReadonlyMap<string, Asked>,
    order: (name: string) => ProfileOrder,
  ): Promise<ReadonlyMap<string, ThreadReading | undefined>> {
    const readings = new Map<string, ThreadReading | undefined>();
    for (const [name, { ask, isOpen }] of threads) {
      if (this.#closed) throw closedError();
      if (!isOpen()) continue;
      try {
        readings.set(name, await ask(order(name)));
      } catch (error) {
        if (this.#closed) throw closedError();
        if (isOpen()) throw error;
      }
    }
    return readings;
  }

  /** Ends a profile that runs for good, because the threads are about to end. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.interrupt();
  }

  /** Ends a profile that runs: its threads are about to be replaced. */
  async interrupt(): Promise<void> {
    this.#end?.();
    // Its own caller hears of an error.
    await this.#running?.catch(() => {});
  }

  async #record(options: CheckedProfileOptions): Promise<ProfileReport> {
    // Before anything is recorded: a folder that cannot be written to should not cost a profile.
    const folder = openProfileFolder(options.directory, options.force);
    const directory = folder.path;
    const recording = new Recording(this.#engine(), options);
    await recording.start();
    await this.#untilEnd(options);
    const recorded = await recording.stop();
    await writeProfile(folder, recorded);
    const summary = await writeReportInto(folder);
    return { directory, report: join(directory, REPORT_FILES.page), session: recorded.session, summary };
  }

  /** All threads that there are, by names that are their own. */
  #threads(): ReadonlyMap<string, Asked> {
    if (this.#closed) throw closedError();
    const { crew, consumers, store } = this.#engine();
    const names = new ThreadNames();
    const main = new ThreadProfiler();
    const threads = new Map<string, Asked>();
    threads.set('dispatcher', { ask: (order) => main.obey(order), isOpen: () => true });
    for (const seat of crew.seats) {
      if (!seat?.onThread) continue;
      const isOpen = () => seat.state === 'open';
      threads.set(names.of(seat.name), { ask: (order) => seat.profile(order), isOpen });
    }
    for (const thread of consumers.open) {
      const isOpen = () => consumers.open.includes(thread);
      threads.set(names.of(thread.name), { ask: (order) => thread.profile(order), isOpen });
    }
    const writer = store.profile?.bind(store);
    if (writer) threads.set('writer', { ask: writer, isOpen: () => true });
    return threads;
  }

  #untilEnd({ seconds, signal }: CheckedProfileOptions): Promise<void> {
    return new Promise((resolveEnd) => {
      const end = () => {
        clearTimeout(timer);
        leave();
        this.#end = undefined;
        resolveEnd();
      };
      const timer = setTimeout(end, seconds * 1000);
      this.#end = end;
      let leave = () => {};
      if (signal?.aborted || this.#closed) end();
      else leave = onAbort(signal, end);
    });
  }
}

/** A thread that is asked for what is on its heap. */
interface Asked {
  readonly ask: (order: ProfileOrder) => Promise<ThreadReading | undefined>;
  readonly isOpen: () => boolean;
}

function snapshotFile(thread: string): string {
  return `${thread}.heapsnapshot`;
}

function closedError(): EngineClosedError {
  return new EngineClosedError('The engine is closed, so its threads have ended.');
}
