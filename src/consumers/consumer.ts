import { knownOptions } from '../events/known-options.js';
import { checkOutside, stayingIfAsync } from '../kernel/async-context.js';
import { type ConsumerStoppedError, NotRetainedError } from '../kernel/errors.js';
import type { Running } from './attached.js';
import { CatchUps } from './catch-ups.js';
import { noFailure, reasonFor, stopped, tooLate } from './faults.js';
import { inTime } from './in-time.js';
import { CONSUMER_END_MS } from './limits.js';
import type { ConsumedLog } from './log.js';
import { CATCH_UP, type CatchUpOptions, type CheckedConsumer, checkPosition } from './options.js';
import { ConsumerRecord } from './record.js';
import { ConsumerCounts, ConsumerRun, type RunOptions } from './run.js';
import { Saving } from './saving.js';
import {
  type ConsumerFailed,
  type ConsumerFailure,
  type ConsumerState,
  type ConsumerStatus,
  failureOf,
} from './status.js';
import { ConsumerThread } from './thread.js';
import type { ConsumerThreads } from './threads.js';

/** What a consumer needs of those around it. */
export interface ConsumerParts {
  readonly log: () => ConsumedLog;
  readonly options: CheckedConsumer;
  readonly record: ConsumerRecord;
  /** An event failed for good. */
  readonly failed: (failure: ConsumerFailed) => void;
  /** Is told of its thread, if it has one. */
  readonly threads: ConsumerThreads;
  /** Its state, or the number of its parked keys, is not what it was. */
  readonly changed: () => void;
  /** It has ended. */
  readonly ended: () => void;
}

/**
 * A named, durable cursor over the log: it hands each event to its handler, in order per key, and remembers in the log's
 * own file which ones are done. Events may come again after a crash, never be left out.
 *
 * Made by `engine.consumers.start`. Its state is set by `#to` alone, and `#begin` and `#halt` follow it.
 */
export class Consumer implements AsyncDisposable, Running {
  readonly name: string;
  readonly #parts: ConsumerParts;
  readonly #options: RunOptions;
  /** Where its handler runs, if that is a thread of its own. */
  readonly #thread?: ConsumerThread;
  readonly #counts = new ConsumerCounts();
  #record: ConsumerRecord;
  #state: ConsumerState = 'running';
  #error: Error | undefined;
  #run: ConsumerRun | undefined;
  /** The run that is being ended, and when it has. */
  #ending: ConsumerRun | undefined;
  #halting: Promise<void> | undefined;
  /** From a failure of the engine on, until the record is what is stored again. */
  #isStale = false;
  /** Calls that change the record while nothing runs. */
  #changes = 0;
  readonly #waiting = new CatchUps();
  readonly #saving: Saving;

  /** @internal */
  constructor(parts: ConsumerParts) {
    this.#parts = parts;
    const { options, record, threads } = parts;
    this.name = options.name;
    this.#record = record;
    this.#saving = new Saving(parts.log);
    const { module, handle = () => {} } = options;
    if (module) this.#thread = new ConsumerThread(this.name, module, threads, (error) => this.#broke(error));
    const own = stayingIfAsync(this, `the handler of consumer '${this.name}'`, handle);
    this.#options = { ...options, handle: this.#thread?.handle ?? own };
  }

  /** What it is at, at this moment. */
  status(): ConsumerStatus {
    const { facts } = this.#parts.log();
    const isHeldUp = this.#state === 'running' && facts.failure !== undefined;
    const error = this.#error ?? (isHeldUp ? facts.failure : undefined);
    const record = this.#record;
    return {
      name: this.name,
      state: isHeldUp ? 'failed' : this.#state,
      position: record.mark,
      lag: Math.max(0, facts.lastDurable - record.done),
      parkedKeys: record.parked,
      failures: record.failed,
      ...this.#counts,
      inFlight: (this.#run ?? this.#ending)?.running ?? 0,
      ...(error && { error }),
    };
  }

  /** The events that it failed on for good, in position order: at most 1,024, of which the oldest skipped ones go first. */
  failures(): readonly ConsumerFailure[] {
    const { reader } = this.#parts.log().store;
    return this.#record.failures.map((failure) => failureOf(failure, (id) => reader.nameOf(id)));
  }

  /**
   * Begins no further event. Resolves when those under way have ended, and what is done is stored. Until `resume()`
   * events wait in the log. @throws ConsumerStoppedError, EngineFailedError, WaitsForItselfError; HandlerTimeoutError
   * when a handler on the main thread goes on for 10 s after its signal has aborted: it is paused then, too.
   */
  async pause(): Promise<void> {
    this.#check('pause()');
    if (this.#state === 'running') this.#to('paused');
    await this.#ended('pause()');
    await this.#saving.flushed();
  }

  /**
   * Goes on after `pause()`, or after it has failed: with the same event, or behind those that the memory of the engine
   * no longer has. Does nothing when it runs. @throws ConsumerStoppedError
   */
  resume(): void {
    this.#checkAlive();
    if (this.#state === 'running') return;
    const first = this.#error instanceof NotRetainedError ? Number(this.#error.details.firstPosition) : 0;
    if (first > 0) this.#record.leaveOut(first);
    this.#error = undefined;
    this.#to('running');
    this.#begin();
  }

  /**
   * Has everything from a position on handled again, done or not; failed events from there on are tried again, too. What
   * is below stays as it is. Resolves when that is stored; handlers that run are waited for.
   *
   * @throws InvalidOptionError; ConsumerStoppedError, EngineFailedError, WaitsForItselfError; HandlerTimeoutError when a
   * handler on the main thread goes on for 10 s after its signal has aborted: nothing is replayed then.
   */
  async replay(position: number): Promise<void> {
    this.#check('replay()');
    checkPosition('consumer.replay()', position);
    await this.#change(() => this.#record.undo(position));
  }

  /**
   * Resolves when every event up to a position is done, and that is stored; parked keys are left out. While it is paused
   * that takes until it goes on.
   *
   * @param position default: the newest event that the engine had accepted at the call.
   * @throws InvalidOptionError; ConsumerStoppedError when it stops, is stopped or fails before; EngineFailedError,
   * WaitsForItselfError; the signal's reason.
   */
  async whenCaughtUp(position?: number, options: CatchUpOptions = {}): Promise<void> {
    this.#check('whenCaughtUp()');
    const { signal } = knownOptions(options, CATCH_UP);
    if (position !== undefined) checkPosition('consumer.whenCaughtUp()', position);
    signal?.throwIfAborted();
    const { facts } = this.#parts.log();
    if (facts.failure) throw facts.failure;
    if (this.#state === 'failed') throw this.#stopped();
    const wanted = position ?? facts.lastPosition;
    if (!this.#isPast(wanted)) await this.#waiting.wait(wanted, signal);
    await this.#saving.flushed();
  }

  /**
   * Lets a parked key go on with its failed event. Resolves when that is stored; whether it succeeds, `failures()` tells.
   *
   * @throws DeadLetterNotFoundError when no parked event is there; ConsumerStoppedError, EngineFailedError
   */
  async retry(position: number): Promise<void> {
    this.#checkAlive();
    const failure = this.#record.failure(position);
    if (failure?.state !== 'parked') throw noFailure(this.name, position, 'parked');
    this.#record.clear(position);
    this.#run?.release(failure.key, position);
    this.#changed();
    await this.#saving.flushed();
  }

  /**
   * Gives a failed event up: it counts as done, and a parked key goes on behind it. Resolves when that is stored.
   *
   * @throws DeadLetterNotFoundError; ConsumerStoppedError, EngineFailedError
   */
  async discard(position: number): Promise<void> {
    this.#checkAlive();
    const failure = this.#record.failure(position);
    if (!failure) throw noFailure(this.name, position, 'failed');
    this.#record.clear(position);
    this.#record.finish(position);
    if (failure.state === 'parked') this.#run?.release(failure.key, position + 1);
    this.#changed();
    await this.#saving.flushed();
  }

  /**
   * Ends it; its progress stays in the log, and the next start of its name goes on from there. Resolves when the events
   * under way have ended and what is done is stored. @throws EngineFailedError, WaitsForItselfError; HandlerTimeoutError
   * when a handler on the main thread goes on for 10 s after its signal has aborted: it is stopped then, and its name is
   * free when the handler has ended.
   */
  async stop(): Promise<void> {
    checkOutside(this, 'consumer.stop()');
    await this.end();
  }

  /** @internal As `stop`, also for a caller that does not wait. */
  async end(): Promise<void> {
    if (this.#state !== 'stopped') {
      this.#to('stopped');
      this.#waiting.rejectAll(this.#stopped());
    }
    const halted = this.#halt();
    try {
      await this.#ended('stop()');
    } finally {
      await this.#left(halted);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** @internal Has it begin, when its place in the log is stored. @throws ConsumerStoppedError when it is stopped before. */
  async begin(): Promise<void> {
    this.#changes++;
    try {
      await this.#thread?.open();
      if (this.#state === 'running') this.#saving.note(this.#record);
      await this.#saving.flushed();
    } catch (error) {
      this.#saving.end();
      await this.#thread?.close();
      if (this.#state === 'running') throw error;
    } finally {
      this.#changes--;
    }
    this.#checkAlive();
    this.#begin();
  }

  /** @internal More events are durable. */
  wake(): void {
    this.#run?.look();
  }

  /** @internal The engine has failed: what was not committed is as if it had not been. */
  engineFailed(error: Error): void {
    this.#isStale = true;
    this.#waiting.rejectAll(error);
    this.#halt().catch(() => {});
  }

  /** @internal The engine has recovered. It goes on with what is stored, when its handlers of before have ended. */
  engineRecovered(): void {
    void this.#goOn();
  }

  async #goOn(): Promise<void> {
    this.#changes++;
    try {
      await this.#halt();
      const { store, consumerLink, facts } = this.#parts.log();
      if (facts.failure) return;
      consumerLink.drop(this.#record);
      const [stored] = store.reader.consumers(this.name);
      if (stored) this.#record = new ConsumerRecord(stored);
      // Its place was never stored.
      else this.#record.rewrite();
      this.#isStale = false;
      if (!stored) this.#note(0);
    } catch (error) {
      this.#broke(error as Error);
    } finally {
      this.#changes--;
    }
    this.#begin();
  }

  /** @internal What health says of it. */
  reason(): string | undefined {
    return reasonFor(this.name, this.#state, this.#error, this.#record.parked);
  }

  #begin(): void {
    const log = this.#parts.log();
    if (this.#state !== 'running' || this.#run || this.#halting || this.#changes > 0 || log.facts.failure)
      return;
    this.#run = new ConsumerRun({
      ...{ log, record: this.#record, options: this.#options, counts: this.#counts },
      events: {
        progressed: (count) => this.#note(count),
        rested: () => this.#waiting.look((position) => this.#isPast(position)),
        failed: (error, position, key, state) => {
          this.#parts.failed({ consumer: this.name, position, key, state, error });
          if (state === 'stopped') this.#broke(error);
          else this.#parts.changed();
        },
        broken: (error) => this.#broke(error),
      },
    });
    this.#run.wake();
  }

  /** Resolves when no handler runs. */
  #halt(): Promise<void> {
    const run = this.#run;
    if (!run) return this.#halting ?? Promise.resolve();
    this.#run = undefined;
    this.#ending = run;
    const { time } = this.#parts.log();
    // A thread can be ended, whatever it does.
    const timer = this.#thread && time.set(() => void this.#thread?.kill(), CONSUMER_END_MS);
    this.#halting = run.end(this.#stopped()).then(() => {
      time.clear(timer);
      this.#halting = undefined;
      this.#ending = undefined;
      this.#begin();
    });
    return this.#halting;
  }

  /** Nothing of it runs, or a handler that does not end is left alone. What is done is stored. */
  async #left(halted: Promise<void>): Promise<void> {
    try {
      await this.#saving.flushed();
    } finally {
      this.#saving.end();
      await this.#thread?.close();
      void halted.then(() => this.#parts.ended());
    }
  }

  /** Ends the run, and waits for its handlers: not longer than they may take. @throws HandlerTimeoutError */
  async #ended(call: string): Promise<void> {
    const halted = this.#halt();
    // It does not wait longer for a thread: that has been ended by then.
    if (this.#thread) return halted;
    await inTime(this.#parts.log().time, halted, () => tooLate(this.name, call, this.#ending?.running ?? 0));
  }

  /** Changes the record while nothing runs, and stores it. */
  async #change(change: () => void): Promise<void> {
    this.#changes++;
    try {
      await this.#ended('replay()');
      change();
    } finally {
      this.#changes--;
    }
    this.#changed();
    this.#begin();
    this.#waiting.look((position) => this.#isPast(position));
    await this.#saving.flushed();
  }

  #note(events: number): void {
    // Handlers of before end while the engine recovers: what they did must not get among what is read from the store.
    if (!this.#isStale) this.#saving.note(this.#record, events);
  }

  #changed(): void {
    this.#note(0);
    this.#parts.changed();
  }

  #broke(error: Error): void {
    // A log that cannot be read because the engine fails is the engine's to tell, and it may recover.
    if (this.#parts.log().facts.failure || this.#state !== 'running') return;
    this.#error = error;
    this.#to('failed');
    this.#waiting.rejectAll(this.#stopped());
    this.#halt().catch(() => {});
  }

  #to(state: ConsumerState): void {
    this.#state = state;
    this.#parts.changed();
  }

  #isPast(position: number): boolean {
    // While the record is being changed, what it says may not be so for long.
    if (this.#changes > 0) return false;
    return this.#record.mark >= position || (this.#run?.isPast(position) ?? false);
  }

  #check(call: string): void {
    checkOutside(this, `consumer.${call}`);
    this.#checkAlive();
  }

  #checkAlive(): void {
    if (this.#state === 'stopped') throw this.#stopped();
  }

  #stopped(): ConsumerStoppedError {
    return stopped(this.name, this.#state, this.#error);
  }
}
