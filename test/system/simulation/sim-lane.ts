import { LaneCrashedError } from 'millrace/errors';
import type { WireError } from '../../../dist/src/kernel/error-codec.js';
import { CommandRunner } from '../../../dist/src/lanes/aggregates/command-runner.js';
import type { Aggregate } from '../../../dist/src/lanes/aggregates/define-aggregate.js';
import type { CommandAnswer, CommandLane, CommandMail } from '../../../dist/src/lanes/aggregates/protocol.js';
import type { Lane, LaneEvents } from '../../../dist/src/lanes/executor.js';
import type { HandlerModule } from '../../../dist/src/lanes/handlers.js';
import { LaneCell } from '../../../dist/src/lanes/lane-cell.js';
import type { HandledType, LaneAnswer, LaneBatch, LaneSetup } from '../../../dist/src/lanes/protocol.js';
import { LaneRunner } from '../../../dist/src/lanes/runner.js';
import type { Steps } from './steps.js';

/** What runs on a lane. */
export interface LaneContents {
  readonly modules: readonly HandlerModule[];
  readonly aggregates?: readonly Aggregate[];
}

/** The real runner on a lane that may die between any two steps, taking what it has not answered with it. */
export class SimLane implements Lane {
  readonly name: string;
  readonly number: number;
  #cell: LaneCell;
  readonly #steps: Steps;
  readonly #concurrency: number;
  readonly #contents: (lane: SimLane) => LaneContents;
  readonly #pending = new Set<(error: Error) => void>();
  #runner: LaneRunner | undefined;
  #commands: CommandLane | undefined;
  #events: LaneEvents = { answered: () => {}, died: () => {} };
  dead = false;
  #worked = 0;
  #silent = false;

  constructor(
    name: string,
    number: number,
    concurrency: number,
    steps: Steps,
    contents: (lane: SimLane) => LaneContents,
  ) {
    this.name = name;
    this.number = number;
    this.#steps = steps;
    this.#concurrency = concurrency;
    this.#cell = new LaneCell(concurrency);
    this.#contents = contents;
  }

  get cell(): LaneCell {
    return this.#cell;
  }

  open(setup: LaneSetup, events: LaneEvents): Promise<readonly HandledType[]> {
    this.#events = events;
    return this.#alive(async () => {
      await this.#steps.wait(`${this.name}.in`, 'open');
      const { modules, aggregates } = this.#contents(this);
      if (aggregates) this.#commands = this.#commandLane(setup, aggregates);
      this.#runner = new LaneRunner(
        setup,
        modules,
        this.#cell,
        (answer) => this.#answer('port', answer),
        // What was measured would differ from run to run, and batches are sized by it.
        { busy: () => this.#worked, log: events.log, aggregates: this.#commands?.loaded },
      );
      return this.#runner.handled;
    });
  }

  get commands(): CommandLane | undefined {
    return this.#commands;
  }

  /** Messages and answers are in order each, and wait for nothing else that the lane does. */
  #commandLane(setup: LaneSetup, aggregates: readonly Aggregate[]): CommandLane {
    const steps = this.#steps;
    const runner = new CommandRunner(setup, aggregates, this.#cell, (answer) => {
      if (this.dead) return;
      const what = answer.outcomes.map(({ kind, number }) => `${kind} ${number}`).join(', ');
      steps.add(`${this.name}.replies`, what, () => lane.answered(answer));
    });
    const lane = {
      loaded: runner.loaded,
      answered: (_answer: CommandAnswer) => {},
      take: (mail: CommandMail) => {
        if (this.dead) return;
        const what = mail.orders.map(({ kind }) => kind).join(', ');
        steps.add(`${this.name}.mail`, what, () => runner.take(mail));
      },
    };
    return lane;
  }

  run(batch: LaneBatch): void {
    if (this.#silent) return;
    if (this.dead) {
      this.#steps.add(`${this.name}-death`, 'is found', () => this.#die('is dead'));
      return;
    }
    this.#steps.add(`${this.name}.in`, `batch of ${batch.rows.length}`, async () => {
      const answer = await (this.#runner as LaneRunner).run(batch);
      if (answer) this.#answer('task', answer);
    });
  }

  /** Answers come on two ways, and neither waits for the other. */
  #answer(way: string, answer: LaneAnswer): void {
    if (this.dead) return;
    this.#worked += this.#steps.random() * 20;
    const what = `answer ${answer.number}: ${answer.done.length} done, ${answer.failures.length} failed, ${answer.awaited} awaited`;
    this.#steps.add(`${this.name}.${way}`, what, () => {
      this.#events.answered({ ...answer, elapsed: answer.busy });
    });
  }

  broadcast(message: unknown): Promise<readonly WireError[]> {
    return this.#alive(async () => {
      await this.#steps.wait(`${this.name}.in`, 'broadcast');
      return (this.#runner as LaneRunner).broadcast(message);
    });
  }

  async profile(): Promise<undefined> {}

  async end(): Promise<void> {
    this.die('ended');
  }

  /** Dies now. What it was doing stays readable in its cell; what comes of it later is nobody's. */
  die(why: string): void {
    if (this.dead) return;
    this.dead = true;
    const memory = new SharedArrayBuffer(this.#cell.memory.byteLength);
    new Uint8Array(memory).set(new Uint8Array(this.#cell.memory));
    this.#cell = new LaneCell(this.#concurrency, memory);
    this.#steps.note(`${this.name} dies: ${why}`);
    this.#steps.drop(`${this.name}.`);
    const pending = [...this.#pending];
    this.#pending.clear();
    // The news takes a step of its own, as the exit of a thread does.
    this.#steps.add(`${this.name}-death`, 'is heard', () => {
      for (const reject of pending) reject(new LaneCrashedError(`${this.name} died: ${why}`));
      this.#die(`died: ${why}`);
    });
  }

  #die(how: string): void {
    this.#events.died(new LaneCrashedError(`${this.name} ${how}`));
  }

  /** Its whole process is gone: nobody hears of it. */
  silence(): void {
    this.dead = true;
    this.#silent = true;
    this.#pending.clear();
  }

  #alive<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#silent) return new Promise(() => {});
    if (this.dead) return Promise.reject(new LaneCrashedError(`${this.name} is dead`));
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      work().then(
        (result) => {
          if (this.#pending.delete(reject)) resolve(result);
        },
        (error) => {
          if (this.#pending.delete(reject)) reject(error);
        },
      );
    });
  }
}
