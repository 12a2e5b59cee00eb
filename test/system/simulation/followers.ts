import type { DomainEvent, Notice } from 'millrace';
import type { Consumer } from 'millrace/consumers';
import { EventBus } from '../../../dist/src/bus/event-bus.js';
import { Journal } from '../../../dist/src/bus/journal.js';
import { checkBusOptions } from '../../../dist/src/bus/options.js';
import { Progress } from '../../../dist/src/store/progress.js';
import { type Task, TYPES } from './events.js';
import type { Life } from './life.js';
import type { Process } from './process.js';
import type { Contents } from './sim-disk.js';
import { Violation } from './violation.js';

const BUS = 'millrace:bus';
/** What handlers are called that came later, which are not followers. */
const LATE = 'millrace:handler/';
const NAMES = ['one', 'two'] as const;

interface Context {
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** What follows the log under a name: what it has handled, given up or skipped, and what it does at this moment. */
class Follower {
  /** Positions; also those of a consumer of the same name that was removed, once a power cut may have brought it back. */
  done = new Set<number>();
  readonly running = new Map<string, number>();
  /** Failed events that the bus must keep. */
  failed = new Set<number>();
  consumer: Consumer | undefined;
  removing = false;
}

/** The consumers and the event bus of a life, each compared with what must be true of it. */
export class Followers {
  readonly #life: Life;
  readonly #followers = new Map<string, Follower>();
  /** What was ever handled under a name. */
  readonly #ever = new Map<string, Set<number>>();
  readonly #hasAny: boolean;
  readonly #hasBus: boolean;
  #bus: EventBus | undefined;
  #violation: Violation | undefined;

  constructor(life: Life) {
    this.#life = life;
    this.#hasAny = life.steps.chance(0.5);
    this.#hasBus = this.#hasAny && life.steps.chance(0.5);
  }

  get violation(): Violation | undefined {
    return this.#violation;
  }

  /** A process has opened the log. */
  async opened(): Promise<void> {
    if (!this.#hasAny) return;
    const { process, engine } = this.#life;
    engine.onNotice((notice) => this.#noticed(process, notice));
    if (this.#hasBus) await this.#startBus(process);
    for (const name of NAMES) await this.#start(name);
  }

  /** The life is over, or its process: nothing of the bus goes on. */
  end(): void {
    this.#bus?.stop({ signal: AbortSignal.abort() }).catch(() => {});
    this.#bus = undefined;
  }

  /** The process is gone, perhaps with the end of its log. */
  killed(lostBeyond: number | undefined): void {
    if (!this.#hasAny) return;
    this.end();
    const contents = this.#life.disk.read();
    const stored = new Set(contents.consumers.all().map(({ name }) => name));
    for (const name of [...NAMES, BUS]) {
      const follower = this.#followers.get(name);
      if (!stored.has(name) && follower && (follower.removing || lostBeyond !== undefined)) {
        this.#followers.delete(name);
      } else if (stored.has(name) && lostBeyond !== undefined) {
        // What was lost may be that it was removed.
        const back = new Follower();
        back.done = new Set(this.#ever.get(name));
        this.#followers.set(name, back);
      }
    }
    for (const { done, failed } of this.#followers.values()) {
      forget(done, lostBeyond);
      forget(failed, lostBeyond);
    }
    for (const done of this.#ever.values()) forget(done, lostBeyond);
    this.check(contents);
    for (const [name, { done, failed }] of this.#followers) {
      const next = new Follower();
      next.done = done;
      next.failed = failed;
      this.#followers.set(name, next);
    }
  }

  /** What its user does with one of them. */
  async act(): Promise<void> {
    if (!this.#hasAny) return;
    const { steps, disk } = this.#life;
    const name = steps.pick(NAMES);
    const follower = this.#followers.get(name);
    const consumer = follower?.consumer;
    if (!consumer || consumer.status().state === 'stopped') return this.#start(name);
    const dice = steps.random();
    steps.note(`${name}: ${dice}`);
    if (dice < 0.2) this.#later(`${name} pauses`, consumer.pause());
    else if (dice < 0.45) consumer.resume();
    else if (dice < 0.6)
      this.#later(`${name} replays`, consumer.replay(1 + steps.below(disk.read().events.length + 1)));
    else if (dice < 0.7) this.#later(`${name} stops`, consumer.stop());
    else if (dice < 0.8 && follower) this.#remove(name, follower);
    else if (dice < 0.95) this.#decide(name, consumer);
    else this.check(disk.read());
    this.#life.counts.follows++;
  }

  /** Everything that they can do gets done. */
  async settle(): Promise<void> {
    if (!this.#hasAny) return;
    for (const name of NAMES) {
      await this.#start(name);
      const consumer = this.#followers.get(name)?.consumer;
      consumer?.resume();
      await consumer?.whenCaughtUp();
    }
    await this.#bus?.drain();
  }

  /** Compares what is stored at the end with what was done. */
  checkEnd(): void {
    if (!this.#hasAny) return;
    const contents = this.#life.disk.read();
    this.check(contents);
    for (const position of this.#followers.get(BUS)?.failed ?? []) {
      if (contents.consumers.processing.failure(position)) continue;
      throw new Violation(`the bus has forgotten that it failed on ${position}`);
    }
    for (const [name, { done }] of this.#followers) {
      const [stored] = contents.consumers.all(name);
      const progress = new Progress(stored?.progress.mark ?? 0, stored?.progress.chunks ?? []);
      const parked = new Map<number, number>();
      for (const { key, position, state } of stored?.failures ?? []) {
        if (state === 'parked') parked.set(key, position);
      }
      for (const { position, partitionKey, aggregate } of contents.events) {
        if (position >= (parked.get(partitionKey ?? aggregate) ?? Infinity)) continue;
        if (!done.has(position)) throw new Violation(`${name} has left out ${position}`);
        if (!progress.isFinished(position))
          throw new Violation(`${name} has done ${position}, and it is not stored`);
      }
    }
    this.#life.counts.followed += [...this.#followers.values()].reduce((sum, { done }) => sum + done.size, 0);
  }

  /** What is stored as done was done, and what was removed is not stored. @throws Violation */
  check(contents: Contents): void {
    for (const { name, progress } of contents.consumers.all()) {
      if (name.startsWith(LATE)) continue;
      const follower = this.#followers.get(name);
      if (!follower) throw new Violation(`${name} was removed and is stored`);
      const stored = new Progress(progress.mark, progress.chunks);
      for (const { position } of contents.events) {
        if (stored.isFinished(position) && !follower.done.has(position)) {
          throw new Violation(`${name} has ${position} stored as done, and it is not`);
        }
      }
    }
  }

  async #startBus(process: Process): Promise<void> {
    const { engine, steps } = this.#life;
    const journal = Journal.over(engine, false);
    const workers = steps.pick([1, 2, 4]);
    const options = checkBusOptions({ events: [...TYPES], workers });
    const bus = new EventBus(options, { acquire: async () => journal, release: async () => {} });
    this.#bus = bus;
    if (!this.#followers.has(BUS)) this.#followers.set(BUS, new Follower());
    bus.subscribe('**', (event, context) => this.#handle(process, BUS, event, context), { name: 'sim' });
    bus.onNotice((notice) => {
      if (notice.kind !== 'failed-event' || !process.isAlive) return;
      this.#isDone(BUS, notice.event.position);
      this.#followers.get(BUS)?.failed.add(notice.event.position);
    });
    await bus.start();
  }

  async #start(name: string): Promise<void> {
    const { engine, steps, process } = this.#life;
    const before = this.#followers.get(name);
    const state = before?.consumer?.status().state;
    if (before?.removing || (state && state !== 'stopped') || engine.stats().state !== 'open') return;
    const follower = before ?? new Follower();
    this.#followers.set(name, follower);
    const started = engine.consumers.start({
      name,
      concurrency: steps.pick([1, 2, 3]),
      retries: steps.below(3),
      retryDelayMs: 1,
      onFailure: steps.pick(['park', 'skip']),
      handle: (event, context) => this.#handle(process, name, event, context),
    });
    try {
      follower.consumer = await this.#life.until(started, `start of ${name}`);
    } catch (error) {
      steps.note(`start of ${name}: ${(error as Error).message}`);
    }
  }

  #remove(name: string, follower: Follower): void {
    follower.removing = true;
    const { process } = this.#life;
    const removed = this.#life.engine.consumers.remove(name).then(
      () => {
        if (process.isAlive) this.#followers.delete(name);
      },
      (error: Error) => {
        follower.removing = false;
        throw error;
      },
    );
    this.#later(`${name} is removed`, removed);
  }

  #decide(name: string, consumer: Consumer): void {
    const { steps } = this.#life;
    const failures = consumer.failures();
    if (failures.length === 0) return;
    const { position, state } = steps.pick(failures);
    if (state === 'parked' && steps.chance(0.6)) this.#later(`${name} retries`, consumer.retry(position));
    else {
      this.#isDone(name, position);
      this.#later(`${name} discards`, consumer.discard(position));
    }
  }

  #later(what: string, promise: Promise<void>): void {
    const { steps } = this.#life;
    promise.catch((error: Error) => steps.note(`${what}: ${error.message}`));
  }

  #noticed(process: Process, notice: Notice): void {
    if (notice.kind !== 'consumer-failed' || !process.isAlive) return;
    if (notice.state === 'skipped') this.#isDone(notice.consumer, notice.position);
  }

  #isDone(name: string, position: number): void {
    this.#followers.get(name)?.done.add(position);
    const ever = this.#ever.get(name) ?? new Set();
    this.#ever.set(name, ever.add(position));
  }

  #handle(process: Process, name: string, event: DomainEvent, context: Context): Promise<void> | void {
    if (!process.isAlive) return never();
    const { key, position } = event;
    const follower = this.#followers.get(name);
    const { steps } = this.#life;
    steps.note(`${name} begins ${position} of ${key}`);
    if (!follower) return this.#violate(`${name} was removed and begins ${position}`);
    const other = follower.running.get(key);
    if (other !== undefined) this.#violate(`${name} begins ${position} of ${key} while ${other} runs`);
    const previous = process.store?.previousOfKey(position);
    if (previous !== undefined && !follower.done.has(previous)) {
      this.#violate(`${name} begins ${position} of ${key} before it has done ${previous}`);
    }
    const { pauses = 0 } = event.data as Partial<Task>;
    follower.running.set(key, position);
    if (pauses > 0) return this.#slowly(process, follower, name, event, context, pauses);
    this.#end(follower, name, event, context);
  }

  async #slowly(
    process: Process,
    follower: Follower,
    name: string,
    event: DomainEvent,
    context: Context,
    pauses: number,
  ): Promise<void> {
    for (let pause = 0; pause < pauses; pause++) {
      await this.#life.steps.wait(`${process.name}.${name}${event.position}`, 'goes on');
      if (!process.isAlive) return never();
    }
    if (context.signal.aborted && this.#life.steps.chance(0.5)) {
      follower.running.delete(event.key);
      throw context.signal.reason;
    }
    this.#end(follower, name, event, context);
  }

  #end(follower: Follower, name: string, { key, position, data }: DomainEvent, { attempt }: Context): void {
    follower.running.delete(key);
    const { throws = 0 } = data as Partial<Task>;
    if (attempt <= throws) throw new Error(`try ${attempt} of ${position}`);
    this.#isDone(name, position);
  }

  #violate(message: string): void {
    this.#violation ??= new Violation(message);
  }
}

function forget(done: Set<number>, beyond: number | undefined): void {
  if (beyond === undefined) return;
  for (const position of done) if (position > beyond) done.delete(position);
}

function never(): Promise<never> {
  return new Promise(() => {});
}
