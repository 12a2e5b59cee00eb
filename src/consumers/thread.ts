import { Worker } from 'node:worker_threads';
import type { DomainEvent } from '../events/domain-event.js';
import { ownFile } from '../events/own-files.js';
import { threadArguments } from '../events/thread-arguments.js';
import { decodeError, encodeError } from '../kernel/error-codec.js';
import { ConsumerThreadError } from '../kernel/errors.js';
import { onAbort } from '../kernel/on-abort.js';
import { reasonOf, toError } from '../kernel/thrown.js';
import type { ConsumerContext } from './options.js';
import type { SentEvent, ThreadReply, ThreadRequest } from './thread-protocol.js';

/** A call that is under way on the thread. */
interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The thread of one consumer. The main thread reads the log, keeps order and progress as for every consumer, and has
 * only the handler called here. A thread that dies is replaced with the next event; what died with it is run again alone,
 * one by one, so that the event which kills it is the only one to fail of that.
 */
export class ConsumerThread {
  readonly #consumer: string;
  readonly #module: string;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #opening: Promise<Worker> | undefined;
  #calls = 0;
  /** Calls that may have killed a thread wait for their turn here: each has the thread to itself. */
  #alone: Promise<void> = Promise.resolve();
  #isAlone = false;
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(consumer: string, module: string) {
    this.#consumer = consumer;
    this.#module = module;
  }

  /** @throws HandlerModuleNotFoundError, HandlerModuleInvalidError, HandlerModuleFailedError, ConsumerThreadError */
  async open(): Promise<void> {
    await this.#open();
  }

  /** Has the handler called. Resolves when the event is done. @throws what the handler threw; ConsumerThreadError */
  readonly handle = async (event: DomainEvent, context: ConsumerContext): Promise<void> => {
    while (this.#isAlone) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await this.#call(event, context);
    } catch (error) {
      const isSuspect = error instanceof ConsumerThreadError && error.details.others !== 0;
      // Of a thread that was ended nothing is run again.
      if (!isSuspect || this.#isClosed || context.signal.aborted) throw error;
      await this.#callAlone(event, context);
    }
  };

  /** Ends the thread, whatever it does: its calls fail, and the next one starts another. */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.catch(() => {});
    await this.kill();
  }

  /** One of several that were under way when the thread died: alone, so that there is no doubt. */
  async #callAlone(event: DomainEvent, context: ConsumerContext): Promise<void> {
    const before = this.#alone;
    const turn = Promise.withResolvers<void>();
    this.#alone = turn.promise;
    await before;
    try {
      await this.#call(event, context);
    } finally {
      turn.resolve();
      if (this.#alone === turn.promise) {
        this.#isAlone = false;
        for (const go of this.#waiting.splice(0)) go();
      }
    }
  }

  async #call(event: DomainEvent, context: ConsumerContext): Promise<void> {
    const worker = await this.#open();
    const call = ++this.#calls;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.set(call, { resolve, reject });
    worker.ref();
    const leave = onAbort(context.signal, (reason) => {
      this.#post(worker, { kind: 'abort', call, reason: encodeError(reason) });
    });
    try {
      this.#post(worker, { kind: 'handle', call, event: sent(event), attempt: context.attempt });
      await promise;
    } finally {
      leave();
      this.#pending.delete(call);
      // An idle thread keeps no process alive.
      if (this.#pending.size === 0) worker.unref();
    }
  }

  #open(): Promise<Worker> {
    this.#opening ??= this.#start();
    return this.#opening;
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(ownFile('workers/consumer.js'), {
      name: `consumer ${this.#consumer}`,
      ...threadArguments('handlers'),
    });
    const opened = Promise.withResolvers<void>();
    let thrown: unknown = new Error('it exited');
    worker.on('message', (reply: ThreadReply) => {
      if (reply.kind === 'opened') opened.resolve();
      else if (reply.kind === 'refused') opened.reject(decodeError(reply.error));
      else this.#ended(reply);
    });
    worker.on('error', (error) => {
      thrown = error;
    });
    worker.once('exit', () => {
      if (this.#worker === worker) this.#lost();
      const error = this.#died(thrown, 0);
      opened.reject(error);
      this.#rejectAll(thrown);
    });
    this.#worker = worker;
    try {
      this.#post(worker, { kind: 'open', module: this.#module, consumer: this.#consumer });
      await opened.promise;
    } catch (error) {
      this.#lost();
      await worker.terminate();
      throw error;
    }
    worker.unref();
    return worker;
  }

  #ended({ call, error }: ThreadReply & { readonly kind: 'ended' }): void {
    const pending = this.#pending.get(call);
    if (error) pending?.reject(decodeError(error));
    else pending?.resolve();
  }

  #lost(): void {
    this.#worker = undefined;
    this.#opening = undefined;
  }

  #rejectAll(thrown: unknown): void {
    const others = this.#pending.size - 1;
    // Before any of them hears of it: what comes from now on waits.
    if (others > 0) this.#isAlone = true;
    for (const { reject } of this.#pending.values()) reject(this.#died(thrown, others));
    this.#pending.clear();
  }

  #died(thrown: unknown, others: number): ConsumerThreadError {
    return new ConsumerThreadError(
      `The thread of consumer '${this.#consumer}' ended: ${reasonOf(thrown)}. The next event starts another one.`,
      { cause: toError(thrown), details: { consumer: this.#consumer, others } },
    );
  }

  #post(worker: Worker, request: ThreadRequest): void {
    worker.postMessage(request);
  }
}

function sent(event: DomainEvent): SentEvent {
  const { id, type, aggregateId, key, version, position, occurredAt, data, metadata } = event;
  return { id, type, aggregateId, key, version, position, occurredAt, data, metadata };
}
