import type { DomainEvent } from '../events/domain-event.js';
import { blame } from '../lanes/blame.js';
import { stopped } from './faults.js';
import { MAX_THREAD_DEATHS } from './limits.js';
import type { ConsumerContext } from './options.js';
import { ThreadCall } from './thread-call.js';
import { type ThreadDeath, ThreadWorker } from './thread-worker.js';
import type { ConsumerThreads } from './threads.js';

/**
 * The thread of one consumer. The main thread reads the log, keeps order and progress as for every consumer, and has
 * only the handler called here. A thread that dies is replaced with the next event.
 *
 * What died with it are suspects, as on lanes: each is run again alone, while everything else waits, and has failed only
 * when it ends a thread that had nothing else. So no event fails for what ran beside it or before it.
 */
export class ConsumerThread {
  readonly #consumer: string;
  readonly #module: string;
  readonly #threads: ConsumerThreads;
  readonly #broken: (error: Error) => void;
  #worker: ThreadWorker | undefined;
  #opening: Promise<ThreadWorker> | undefined;
  readonly #suspects: ThreadCall[] = [];
  /** While there are suspects: resolves when there are none. */
  #cleared: Promise<void> | undefined;
  /** Threads in a row that died before they had begun anything. */
  #deaths = 0;
  #wasOpen = false;
  #isClosed = false;

  /**
   * @param threads is told of each thread.
   * @param broken called when no event can be handled any more: a new thread cannot load the module.
   */
  constructor(consumer: string, module: string, threads: ConsumerThreads, broken: (error: Error) => void) {
    this.#consumer = consumer;
    this.#module = module;
    this.#threads = threads;
    this.#broken = broken;
  }

  /**
   * Resolves when the module is loaded, however long that takes: only `close` ends it.
   *
   * @throws HandlerModuleNotFoundError, HandlerModuleInvalidError, HandlerModuleFailedError, ConsumerThreadError
   */
  async open(): Promise<void> {
    await this.#open();
    this.#wasOpen = true;
  }

  /** Has the handler called. Resolves when the event is done. @throws what the handler threw; ConsumerThreadError */
  readonly handle = (event: DomainEvent, context: ConsumerContext): Promise<void> => {
    const call = new ThreadCall(event, context);
    void this.#inTurn(call);
    return call.outcome;
  };

  /** Ends the thread, whatever it does, also while it loads its module; the next call starts another. */
  async kill(): Promise<void> {
    const worker = this.#worker;
    if (worker) this.#lose(worker);
    await worker?.end();
  }

  /** Ends the thread for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    if (worker?.isIdle) await this.#threads.leaves(worker);
    await this.kill();
  }

  /** Behind the suspects, if there are any. */
  async #inTurn(call: ThreadCall): Promise<void> {
    // Not once: others wait for the same moment, and may be suspects by the time that it is this one's turn.
    while (this.#cleared) await this.#cleared;
    await this.#run(call);
  }

  /** Resolves when the call has ended, or the thread with it. */
  async #run(call: ThreadCall): Promise<void> {
    if (call.isOver) return;
    try {
      const worker = await this.#open();
      await worker.run(call);
    } catch (error) {
      call.reject(error);
    }
  }

  #died({ worker, begun, unbegun, isFresh, error }: ThreadDeath): void {
    this.#threads.ended(worker, error);
    this.#lose(worker);
    const { guilty, suspects } = blame(begun, isFresh);
    for (const call of [...begun, ...unbegun]) {
      // Of a thread that was ended nothing is run again.
      if (this.#isClosed || call.context.signal.aborted || guilty.includes(call)) call.reject(error);
    }
    this.#suspects.unshift(...suspects);
    if (suspects.length > 0) this.#cleared ??= this.#clear();
    this.#deaths = isFresh && begun.length === 0 && unbegun.length > 0 ? this.#deaths + 1 : 0;
    if (this.#deaths > MAX_THREAD_DEATHS) this.#broken(error);
    for (const call of unbegun) void this.#inTurn(call);
  }

  /** Runs suspects one by one. One that died on a thread which had had another comes first again. */
  async #clear(): Promise<void> {
    for (let call = this.#suspects.shift(); call; call = this.#suspects.shift()) await this.#run(call);
    this.#cleared = undefined;
  }

  async #open(): Promise<ThreadWorker> {
    if (this.#isClosed) throw stopped(this.#consumer, 'stopped', undefined);
    this.#opening ??= this.#start();
    const opening = this.#opening;
    try {
      return await opening;
    } catch (error) {
      if (this.#opening === opening) {
        this.#opening = undefined;
        // Whoever starts the consumer hears of it as it is.
        if (this.#wasOpen) this.#broken(error as Error);
      }
      throw error;
    }
  }

  async #start(): Promise<ThreadWorker> {
    const worker = new ThreadWorker(this.#consumer, (death) => this.#died(death));
    this.#worker = worker;
    await worker.open(this.#module);
    await this.#threads.opened(worker);
    return worker;
  }

  #lose(worker: ThreadWorker): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#opening = undefined;
  }
}
