import type { Engine } from 'millrace';
import { defineHandlers, type HandlerContext } from 'millrace/define';
import { checkOptions } from '../../../dist/src/engine/check-options.js';
import { openIn } from '../../../dist/src/engine/open.js';
import type { HandlerModule } from '../../../dist/src/lanes/handlers.js';
import { act } from './actions.js';
import { checkLog } from './check.js';
import { SimClock } from './clock.js';
import { Commands } from './commands.js';
import { Count, type Counted, count } from './counting.js';
import { type Counts, noCounts } from './counts.js';
import { Done, Lodging, Parking, Ringing, Skipping, Stopping, type Task, TYPES } from './events.js';
import { Followers } from './followers.js';
import { LateModule } from './late.js';
import { Process } from './process.js';
import { Sagas } from './sagas.js';
import { SimDisk } from './sim-disk.js';
import type { SimLane } from './sim-lane.js';
import { Steps } from './steps.js';
import { Tallies } from './tallies.js';
import { LAST_MOMENT, order } from './timing.js';
import { Violation } from './violation.js';

/** Things that a life's user does, and steps after which a life that does not end is a failure. */
const ACTIONS = 40;
const STEPS_MAX = 20_000;

/** An event as the handlers of a life are given it. */
interface Handled {
  readonly position: number;
  readonly version: number;
  readonly aggregateId: string;
  readonly data: Task;
}

interface Run {
  readonly lane: SimLane;
  readonly position: number;
}

/** One life of a log: processes that come and go on one disk, driven by a seed, watched at every step. */
export class Life {
  readonly steps: Steps;
  /** For what is drawn of timers. */
  readonly draws: Steps;
  readonly disk = new SimDisk();
  readonly clock = new SimClock();
  readonly counts = noCounts();
  /** Numbers of the events whose `publish` resolved as durable, by position. */
  readonly acknowledged = new Map<number, number>();
  /** Positions that a user gave up, and skipped ones that a user had run again. */
  readonly discarded = new Set<number>();
  readonly rerun = new Set<number>();
  /** Tries that an event lost because its lane died of something else, by position. */
  readonly blamed = new Map<number, number>();
  readonly #active = new Map<string, Set<Run>>();
  /** Positions that each lane has begun. */
  readonly #begun = new Map<SimLane, Set<number>>();
  readonly power: 'os' | 'disk';
  readonly dispatch: 'durable' | 'accepted';
  /** What users have decided about dead letters in this process, and what they are publishing still. */
  readonly pending: Promise<void>[] = [];
  readonly followers: Followers;
  readonly late: LateModule;
  readonly commands: Commands;
  readonly tallies: Tallies;
  readonly sagas: Sagas;
  /** In half of the lives there is room for no key that is cold. */
  readonly maxStateBytes: number;
  faults = true;
  number = 0;
  process: Process;
  #engine: Engine | undefined;
  #violation: Violation | undefined;

  constructor(seed: string) {
    this.steps = new Steps(seed);
    this.draws = new Steps(`${seed}-timers`);
    this.maxStateBytes = /[02468]$/.test(seed) ? 1 : 2 ** 20;
    this.power = this.steps.pick(['os', 'disk'] as const);
    this.dispatch = this.steps.pick(['durable', 'accepted'] as const);
    this.followers = new Followers(this);
    this.late = new LateModule(this);
    this.commands = new Commands(this, seed);
    this.tallies = new Tallies(this, seed, new Steps(`${seed}-tallies`));
    this.sagas = new Sagas(this, seed);
    this.process = this.#newProcess();
  }

  get engine(): Engine {
    return this.#engine as Engine;
  }

  /** Lives it to its end. @throws Violation, or whatever else should never have been thrown. */
  async live(): Promise<Counts> {
    await this.open(true);
    for (let left = ACTIONS; left > 0; ) {
      if (this.steps.isEmpty || this.steps.chance(0.2)) {
        await act(this);
        left--;
      } else await this.step();
    }
    this.faults = false;
    await this.#settle();
    checkLog(this);
    this.followers.checkEnd();
    await this.until(this.engine.close(), 'close');
    return this.counts;
  }

  async step(): Promise<void> {
    await this.steps.next(STEPS_MAX);
    this.#check();
  }

  /** Goes on until a promise is settled. @throws what it rejects with. */
  async until<Value>(promise: Promise<Value>, what: string): Promise<Value> {
    return this.steps.until(promise, what, STEPS_MAX, () => this.#check());
  }

  async open(isFirst = false): Promise<void> {
    const { steps } = this;
    this.late.opening(isFirst);
    this.tallies.opening(isFirst);
    const options = checkOptions({
      events: [...TYPES],
      handlers: ['file:///simulated.mjs'],
      aggregates: ['file:///simulated-aggregates.mjs'],
      store: 'simulated',
      run: 'sim',
      threads: steps.below(4),
      concurrency: steps.pick([1, 1, 2, 4]),
      maxInFlight: steps.pick([2, 8, 1000]),
      dispatch: this.dispatch,
      validate: 'off',
    });
    const opening = openIn(options, this.process.world(options.concurrency));
    this.#engine = await this.until(opening, 'open');
    await this.followers.opened();
  }

  /**
   * A lane dies of nothing that its events did. Nobody can know that, so one that it had begun may be blamed, whether
   * its handler is under way or has ended and its answer is.
   */
  loseLane(lane: SimLane, why = 'by chance'): void {
    for (const position of this.#begun.get(lane) ?? []) {
      if (this.process.store?.isFinished(position)) continue;
      this.blamed.set(position, (this.blamed.get(position) ?? 0) + 1);
    }
    lane.die(why);
  }

  /** The process is gone, with everything that was in memory only. */
  async kill(powerCut: boolean): Promise<void> {
    this.counts.kills++;
    this.process.end();
    this.pending.length = 0;
    this.#active.clear();
    this.#begun.clear();
    let lostBeyond: number | undefined;
    if (powerCut && this.power === 'os') {
      const lost = Math.min(this.disk.transactions, this.steps.below(4));
      this.disk.loseLast(lost);
      this.counts.powerCuts++;
      this.late.powerCut();
      this.steps.note(`power cut: ${lost} transactions lost`);
      const { length } = this.disk.read().events;
      lostBeyond = length;
      this.commands.lost(length);
      for (const position of this.acknowledged.keys())
        if (position > length) this.acknowledged.delete(position);
      for (const position of [...this.discarded, ...this.rerun]) this.#forgetIfLost(position, length);
    }
    this.followers.killed(lostBeyond);
    this.late.retryOffline();
    this.process = this.#newProcess();
    await this.open();
  }

  #forgetIfLost(position: number, length: number): void {
    if (position <= length) return;
    this.discarded.delete(position);
    this.rerun.delete(position);
  }

  #newProcess(): Process {
    return new Process(this, (lane) => ({
      modules: this.#modules(lane),
      aggregates: [this.commands.aggregateOn(lane), this.sagas.aggregateOn(lane)],
    }));
  }

  #modules(lane: SimLane): readonly HandlerModule[] {
    const late = this.late.module((event, finish) => this.#handleLate(lane, event, finish));
    const always = [this.#module(lane), ...this.tallies.modules(lane)];
    return this.late.isHere ? [...always, late] : always;
  }

  #module(lane: SimLane): HandlerModule {
    const handle = (event: Handled, counted: Counted, ctx: HandlerContext) =>
      this.#handle(lane, event, counted, ctx);
    const patient = { retries: 2, retryDelayMs: 1, state: Count };
    return defineHandlers('sim', (on) => {
      on(Parking, patient, handle);
      on(Lodging, patient, handle);
      on(Ringing, patient, handle);
      on(Skipping, { ...patient, onFailure: 'skip' }, handle);
      on(Stopping, { ...patient, onFailure: 'stop' }, handle);
    });
  }

  #handle(lane: SimLane, event: Handled, counted: Counted, ctx: HandlerContext): void | Promise<void> {
    const { position, data: task } = event;
    // The runner of a dead lane may go on here; on a thread it would be gone.
    if (lane.dead) return never();
    const run = this.#begin(lane, position, task);
    this.late.ran(position);
    this.#checkLeft(position);
    if (task.sync && ctx.attempt <= task.kills) {
      lane.die(`poison at ${position}`);
      throw new Error('nobody hears this');
    }
    if (task.pauses > 0 || ctx.attempt <= task.kills) return this.#slowly(run, event, counted, ctx);
    this.#finish(run, task, counted, ctx);
  }

  async #slowly(run: Run, event: Handled, counted: Counted, ctx: HandlerContext): Promise<void> {
    const { lane } = run;
    const { data: task } = event;
    await this.#checkPast(lane, event, ctx);
    for (let pause = 0; pause <= task.pauses; pause++) {
      await this.steps.wait(`${lane.name}.handler${run.position}`, 'goes on');
      if (lane.dead) return never();
    }
    if (ctx.attempt <= task.kills) {
      lane.die(`poison at ${run.position}`);
      return never();
    }
    this.#finish(run, task, counted, ctx);
  }

  /** What a handler reads of its aggregate is every event before its own, also one that was not durable yet. */
  async #checkPast(
    lane: SimLane,
    { position, version, aggregateId }: Handled,
    ctx: HandlerContext,
  ): Promise<void> {
    const seen: number[] = [];
    for await (const event of ctx.history(aggregateId)) seen.push(event.version);
    if (lane.dead) return never();
    const wanted = Array.from({ length: version - 1 }, (_, index) => index + 1);
    if (seen.join() !== wanted.join())
      this.#violate(`${position} is version ${version} and has read ${seen}`);
  }

  #begin(lane: SimLane, position: number, task: Task): Run {
    this.steps.note(`${lane.name} begins ${task.number} of ${task.key} at ${position}`);
    const runs = this.#active.get(task.key) ?? new Set();
    this.#active.set(task.key, runs);
    for (const other of runs) {
      if (other.lane.dead) runs.delete(other);
      else this.#violate(`${position} of ${task.key} begins while ${other.position} runs`);
    }
    if (task.due > this.clock.now)
      this.#violate(`${position} is there at ${this.clock.now}, not ${task.due}`);
    const run = { lane, position };
    runs.add(run);
    this.#begun.set(lane, (this.#begun.get(lane) ?? new Set()).add(position));
    return run;
  }

  /** Nothing runs once more but what its user has asked for, and for those who failed on it. */
  #checkLeft(position: number): void {
    const { store } = this.process;
    const isOwn = store?.contents.letters.get(position)?.owners.includes('millrace:lanes');
    if (store?.isFinished(position) && !(this.rerun.has(position) && isOwn)) {
      this.#violate(`${position} runs though the log says that it is finished`);
    }
  }

  #handleLate(
    lane: SimLane,
    { position, data }: { position: number; data: Task },
    finish: () => void,
  ): void | Promise<void> {
    if (lane.dead) return never();
    const run = this.#begin(lane, position, data);
    const { store } = this.process;
    if (store && this.late.isOver(position, store)) {
      this.#violate(`${position} runs in the late module though the log says that it is done with it`);
    }
    const end = () => {
      this.#active.get(data.key)?.delete(run);
      finish();
    };
    if (data.pauses === 0) return end();
    return this.steps
      .wait(`${lane.name}.late${position}`, 'goes on')
      .then(() => (lane.dead ? never() : end()));
  }

  #finish(run: Run, task: Task, counted: Counted, ctx: HandlerContext): void {
    this.#active.get(task.key)?.delete(run);
    const done = count(counted, run.position);
    order(task, ctx);
    this.sagas.send(task, run.position, ctx);
    if (ctx.attempt <= task.kills + task.throws) throw new Error(`try ${ctx.attempt} of ${task.number}`);
    task.emits.forEach((key, index) => {
      ctx.emit(
        Parking({
          ...task,
          key,
          number: task.number + 1 + index,
          emits: [],
          timers: [],
          throws: 0,
          kills: 0,
        }),
      );
    });
    ctx.emit(Done({ key: task.key, number: task.number, attempt: ctx.attempt, count: done }));
  }

  /** @throws Violation */
  #check(): void {
    const { followers, commands, tallies, sagas } = this;
    const violation =
      this.#violation ?? followers.violation ?? commands.violation ?? tallies.violation ?? sagas.violation;
    if (violation) throw violation;
  }

  #violate(message: string): void {
    this.#violation ??= new Violation(message);
  }

  /** No more faults: everything that can be done must get done. */
  async #settle(): Promise<void> {
    this.clock.advance(LAST_MOMENT - this.clock.now);
    await this.until(Promise.allSettled(this.pending), 'decisions and publishers');
    for (let tries = 0; tries < 50; tries++) {
      if (this.engine.stats().state === 'failed') await this.until(this.engine.recover(), 'recover');
      // Alarms ring in steps that nothing else waits for.
      while ((await this.#drained()) && !this.steps.isEmpty) {
        while (!this.steps.isEmpty) await this.step();
      }
      if ((await this.#drained()) && !this.sagas.retryHeld()) {
        await this.until(this.followers.settle(), 'followers');
        return;
      }
    }
    throw new Violation('the engine fails again and again');
  }

  #drained(): Promise<boolean> {
    const drained = this.engine.drain().then(
      () => true,
      () => false,
    );
    return this.until(drained, 'drain');
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
