import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, type ResourceLimits } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { ownFile } from '../events/own-files.js';
import { decodeError, type WireError } from '../kernel/error-codec.js';
import { LaneCrashedError } from '../kernel/errors.js';
import { reasonOf } from '../kernel/thrown.js';
import { BATCHES_IN_FLIGHT } from '../limits.js';
import type { ProfileOrder, ThreadReading } from '../sampling/thread-profiler.js';
import { WorkerSampler } from '../sampling/worker-sampler.js';
import { KeepAlive } from '../threads/keep-alive.js';
import { whenEnded } from '../threads/thread.js';
import { threadArguments } from '../threads/thread-arguments.js';
import type { CommandAnswer, CommandLane } from './aggregates/protocol.js';
import { ThreadCommands } from './aggregates/thread-commands.js';
import type { Lane, LaneEvents } from './executor.js';
import { type LaneQuestion, LaneReader } from './history-wire.js';
import { LaneCell } from './lane-cell.js';
import { LANE_YOUNG_MIB } from './limits.js';
import type { HandledType, LaneAnswer, LaneBatch, LaneReply, LaneSetup, LaneTask } from './protocol.js';

/**
 * A lane on a worker thread: a Piscina pool of exactly one. One pool for all lanes would need a load balancer
 * that may never say "later" (Piscina then reorders), and could neither be resized nor lose one chosen thread.
 */
export class ThreadLane implements Lane {
  readonly cell: LaneCell;
  readonly #lane: number;
  readonly #pool: Piscina;
  readonly #exited: Promise<void>;
  readonly #sampler = new WorkerSampler();
  /** What of the lane's answers does not end a batch comes here, and what its handlers want to read. */
  readonly #answers: MessagePort;
  readonly #answersOfLane: MessagePort;
  /** Held while tasks are under way or handlers are awaited, until what becomes of them is known. */
  readonly #alive = new KeepAlive();
  #commands: ThreadCommands | undefined;
  #tasks = 0;
  #awaited = 0;
  #isEnding = false;
  #newest = 0;
  #reader: LaneReader | undefined;
  #events: LaneEvents = { answered: () => {}, died: () => {} };

  constructor(lane: number, concurrency: number, resourceLimits: ResourceLimits | undefined) {
    this.cell = new LaneCell(concurrency);
    this.#lane = lane;
    this.#pool = new Piscina({
      filename: fileURLToPath(ownFile('workers/lane.js')),
      minThreads: 1,
      maxThreads: 1,
      // Beside the batches a broadcast and a profile's orders must find their way to the thread.
      concurrentTasksPerWorker: BATCHES_IN_FLIGHT + 2,
      idleTimeout: Number.POSITIVE_INFINITY,
      // With 'sync' an idle thread sits in Atomics.wait: its timers and ports freeze between tasks.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: { maxYoungGenerationSizeMb: LANE_YOUNG_MIB, ...resourceLimits },
      ...threadArguments('handlers'),
    });
    // Piscina reports a thread's death here and rejects the lane's tasks; `#run` turns those into coded errors.
    this.#pool.on('error', () => {});
    const { port1, port2 } = new MessageChannel();
    this.#answers = port1;
    this.#answersOfLane = port2;
    port1.on('message', (message: LaneAnswer | LaneQuestion | CommandAnswer) => {
      if (message.kind === 'answer') this.#answered(message);
      else if (message.kind === 'commands') this.#commands?.heard(message);
      else this.#read(message);
    });
    port1.unref();
    const [worker] = this.#pool.threads;
    // While events are awaited no task is under way whose end could tell.
    const exited = new Promise<unknown>((resolve) => worker && whenEnded(worker, resolve));
    this.#exited = exited.then((thrown) => this.#events.died(this.#crashed(thrown)));
  }

  async open(setup: LaneSetup, events: LaneEvents): Promise<readonly HandledType[]> {
    this.#events = events;
    this.#reader = events.log && new LaneReader(events.log);
    const task: LaneTask = { kind: 'open', setup, cell: this.cell.memory, answers: this.#answersOfLane };
    const reply = await this.#run(task, [this.#answersOfLane]);
    if (reply.kind === 'opened') {
      if (reply.aggregates.length > 0) {
        this.#commands = new ThreadCommands(this.#answers, reply.aggregates, () => this.#hold());
      }
      return reply.handled;
    }
    throw reply.kind === 'refused' ? decodeError(reply.error) : this.#unexpected(reply);
  }

  get commands(): CommandLane | undefined {
    return this.#commands;
  }

  run(batch: LaneBatch): void {
    this.#run(batch).then(
      (reply) => {
        if (reply.kind !== 'passed') this.#events.died(this.#unexpected(reply));
        else if (reply.answer) this.#answered(reply.answer);
      },
      (error: Error) => this.#events.died(error),
    );
  }

  async broadcast(message: unknown): Promise<readonly WireError[]> {
    const reply = await this.#run({ kind: 'broadcast', message });
    if (reply.kind === 'heard') return reply.errors;
    throw this.#unexpected(reply);
  }

  profile(order: ProfileOrder): Promise<ThreadReading | undefined> {
    return this.#sampler.obey(this.#pool.threads[0], order, async (part) => {
      const reply = await this.#run({ kind: 'profile', order: part });
      if (reply.kind === 'profiled') return reply.reading;
      if (reply.kind === 'unprofiled') throw decodeError(reply.error);
      throw this.#unexpected(reply);
    });
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    this.#hold();
    // Not pool.close(), which waits; a lane that is ended in order has nothing in flight.
    await this.#pool.destroy();
    // A thread that threw reports its exit later, and Piscina puts a new one in its place even then.
    await this.#exited;
    await this.#pool.destroy();
    this.#answers.close();
    this.#alive.release();
  }

  #answered(answer: LaneAnswer): void {
    if (answer.number > this.#newest) {
      this.#newest = answer.number;
      this.#awaited = answer.awaited;
      this.#hold();
    }
    this.#events.answered(answer);
  }

  async #read(question: LaneQuestion): Promise<void> {
    const reading = await this.#reader?.answer(question);
    // A lane that has died meanwhile hears nothing.
    if (reading) this.#answers.postMessage(reading);
  }

  async #run(task: LaneTask, transferList: MessagePort[] = []): Promise<LaneReply> {
    this.#tasks++;
    this.#hold();
    try {
      return (await this.#pool.run(task, { transferList: transferList as never })) as LaneReply;
    } catch (error) {
      throw this.#crashed(error);
    } finally {
      this.#tasks--;
      this.#hold();
    }
  }

  #hold(): void {
    this.#alive.held =
      this.#tasks > 0 || this.#awaited > 0 || this.#isEnding || this.#commands?.isBusy === true;
  }

  #crashed(error: unknown): LaneCrashedError {
    return new LaneCrashedError(`The thread of lane ${this.#lane} ended: ${reasonOf(error)}.`, {
      cause: error,
      details: { lane: this.#lane },
    });
  }

  #unexpected({ kind }: LaneReply): LaneCrashedError {
    return new LaneCrashedError(`Lane ${this.#lane} gave an answer that nobody asked for: '${kind}'.`);
  }
}
