import { fileURLToPath } from 'node:url';
import { Piscina, queueOptionsSymbol } from 'piscina';
import { decodeError, toError } from '../events/error-codec.js';
import { LaneCrashedError } from '../events/errors.js';
import { BATCHES_IN_FLIGHT } from '../limits.js';
import type { LaneExecutor } from './executor.js';
import type { HandledType, LaneBatch, LaneReply, LaneResult, LaneSetup, LaneTask } from './protocol.js';

const ENTRY = fileURLToPath(new URL('../../workers/lane.js', import.meta.url));

interface LaneOptions {
  readonly lane: number;
}

/** Lanes on the worker threads of one Piscina pool; one thread is one lane, from its start to its end. */
export class ThreadExecutor implements LaneExecutor {
  readonly lanes: number;
  readonly threads: number;
  tasks = 0;
  readonly #pool: Piscina;
  /** Thread id of each lane, taken when the lane's first task is placed. */
  readonly #threadOf = new Map<number, number>();

  constructor(threads: number) {
    this.lanes = threads;
    this.threads = threads;
    this.#pool = new Piscina({
      filename: ENTRY,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: BATCHES_IN_FLIGHT,
      idleTimeout: Number.POSITIVE_INFINITY,
      // With 'sync' an idle thread sits in Atomics.wait: its timers and ports freeze between tasks.
      atomics: 'disabled',
      recordTiming: false,
      loadBalancer: (task, workers) => {
        const options = (task as unknown as { [queueOptionsSymbol]: LaneOptions })[queueOptionsSymbol];
        return this.#place(options.lane, workers) ?? null;
      },
    });
    // Piscina reports a thread's death here and rejects the lane's tasks; `run` turns those into coded errors.
    this.#pool.on('error', () => {});
  }

  async open(setup: Omit<LaneSetup, 'lane'>): Promise<readonly HandledType[]> {
    const replies = await Promise.all(
      Array.from({ length: this.lanes }, (_, lane) =>
        this.#run(lane, { kind: 'open', setup: { ...setup, lane } }),
      ),
    );
    for (const reply of replies) if (reply.kind === 'refused') throw decodeError(reply.error);
    const [first] = replies;
    return first?.kind === 'opened' ? first.handled : [];
  }

  async run(lane: number, batch: LaneBatch): Promise<LaneResult> {
    const reply = await this.#run(lane, batch);
    if (reply.kind === 'result') return reply;
    throw new LaneCrashedError(`Lane ${lane} answered a batch with '${reply.kind}'.`);
  }

  async close(): Promise<void> {
    // Not pool.close(): with several busy workers it waits for the first one only. Our lanes are drained.
    await this.#pool.destroy();
  }

  async #run(lane: number, task: LaneTask): Promise<LaneReply> {
    this.tasks++;
    const options: LaneOptions = { lane };
    try {
      return (await this.#pool.run({ ...task, [queueOptionsSymbol]: options })) as LaneReply;
    } catch (error) {
      throw new LaneCrashedError(
        `The thread of lane ${lane} ended while it had work: ${toError(error).message}. ` +
          'Open the store again to go on: what was durable and unfinished is handled again.',
        { cause: error, details: { lane } },
      );
    }
  }

  /**
   * The thread of a lane. A lane without one takes a thread that no other lane has; once taken it never
   * changes, because a key's order rests on it. No answer means: Piscina asks again when a thread is ready.
   */
  #place<Thread extends { readonly id: number }>(
    lane: number,
    threads: readonly Thread[],
  ): Thread | undefined {
    const id = this.#threadOf.get(lane);
    if (id !== undefined) return threads.find((thread) => thread.id === id);
    const taken = new Set(this.#threadOf.values());
    const free = threads.find((thread) => thread.id > 0 && !taken.has(thread.id));
    if (free) this.#threadOf.set(lane, free.id);
    return free;
  }
}
