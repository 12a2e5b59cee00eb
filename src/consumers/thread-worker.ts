import type { DomainEvent } from '../events/domain-event.js';
import { decodeError, encodeError } from '../kernel/error-codec.js';
import { ConsumerThreadError } from '../kernel/errors.js';
import { reasonOf, toError } from '../kernel/thrown.js';
import type { SampledThread } from '../sampling/sampled-thread.js';
import type { ProfileOrder, ThreadReading } from '../sampling/thread-profiler.js';
import { Thread } from '../threads/thread.js';
import { ThreadProfiling } from '../threads/thread-profiling.js';
import type { ThreadCall } from './thread-call.js';
import type { SentEvent, ThreadReply, ThreadRequest } from './thread-protocol.js';

/** The end of a thread that had loaded its module, and what was under way on it. */
export interface ThreadDeath {
  readonly worker: ThreadWorker;
  /** What it had begun and not answered. */
  readonly begun: readonly ThreadCall[];
  /** What it had been sent and not begun. */
  readonly unbegun: readonly ThreadCall[];
  /** It had answered nothing. */
  readonly isFresh: boolean;
  readonly error: ConsumerThreadError;
}

interface Pending {
  readonly call: ThreadCall;
  /** The thread has answered it, or is dead. */
  readonly leave: () => void;
}

/** Characters of a consumer's name in those of its files. */
const FILE_NAME = 64;

/** One thread of a consumer from its start to its end, and the calls that are under way on it. */
export class ThreadWorker implements SampledThread {
  readonly role = 'consumer';
  readonly #consumer: string;
  readonly #died: (death: ThreadDeath) => void;
  readonly #thread: Thread<ThreadRequest, ThreadReply>;
  readonly #begun = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #pending = new Map<number, Pending>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #profiling = new ThreadProfiling({
    worker: () => this.#thread.worker,
    post: (request) => this.#post(request),
    changed: () => this.#hold(),
    ended: () => (this.#hasExited ? this.#deathWhile('was profiled') : undefined),
  });
  #calls = 0;
  #isOpen = false;
  #isFresh = true;
  #isEnding = false;
  #hasExited = false;
  #thrown: unknown;

  /** @param died called once, when the thread ends after `open` has resolved. */
  constructor(consumer: string, died: (death: ThreadDeath) => void) {
    this.#consumer = consumer;
    this.#died = died;
    this.#thread = new Thread({
      name: `consumer ${consumer}`,
      file: 'consumer.js',
      runs: 'handlers',
      heard: (reply: ThreadReply) => this.#heard(reply),
      ended: (thrown) => this.#exited(thrown),
    });
  }

  /** Has a module loaded. @throws why it cannot be; ConsumerThreadError when the thread ends instead. */
  async open(module: string): Promise<void> {
    this.#post({ kind: 'open', module, consumer: this.#consumer, begun: this.#begun.buffer });
    try {
      await this.#opened.promise;
      // It may have ended right behind its answer.
      if (this.#hasExited) throw this.#deathWhile('loaded its module');
    } catch (error) {
      await this.end();
      throw error;
    }
    this.#isOpen = true;
    this.#hold();
  }

  /** Resolves when the thread has answered the call, or is dead. */
  async run(call: ThreadCall): Promise<void> {
    if (call.isOver) return;
    const number = ++this.#calls;
    const { promise, resolve: leave } = Promise.withResolvers<void>();
    this.#post({ kind: 'handle', call: number, event: sent(call.event), attempt: call.context.attempt });
    call.passOn = (reason) => this.#post({ kind: 'abort', call: number, reason: encodeError(reason) });
    this.#pending.set(number, { call, leave });
    this.#hold();
    await promise;
    this.#hold();
  }

  /** It has loaded its module, and nothing is under way on it. */
  get isIdle(): boolean {
    return this.#isOpen && this.#pending.size === 0;
  }

  /** Of files as well, so nothing is in it that no file may be named. */
  get name(): string {
    return `consumer-${this.#consumer.replace(/[^\w.-]+/g, '_').slice(0, FILE_NAME)}`;
  }

  profile(order: ProfileOrder): Promise<ThreadReading | undefined> {
    return this.#profiling.obey(order);
  }

  /** Ends the thread, whatever it does. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#hold();
    await this.#thread.end();
  }

  /** The thread keeps the process alive while its module, an answer or its end is waited for, and not otherwise. */
  #hold(): void {
    const isAsked = this.#pending.size > 0 || this.#profiling.isAsked;
    this.#thread.hold(!this.#isOpen || isAsked || this.#isEnding);
  }

  #heard(reply: ThreadReply): void {
    switch (reply.kind) {
      case 'opened':
        this.#opened.resolve();
        break;
      case 'refused':
        this.#opened.reject(decodeError(reply.error));
        break;
      case 'ended':
        this.#answered(reply);
        break;
      case 'profiled':
      case 'unprofiled':
        this.#profiling.heard(reply);
        break;
    }
  }

  #answered({ call: number, error }: ThreadReply & { readonly kind: 'ended' }): void {
    this.#isFresh = false;
    const pending = this.#pending.get(number);
    this.#pending.delete(number);
    if (error) pending?.call.reject(decodeError(error));
    else pending?.call.resolve();
    pending?.leave();
  }

  #exited(thrown: unknown): void {
    this.#hasExited = true;
    this.#thrown = thrown;
    this.#profiling.end(this.#deathWhile('was profiled'));
    this.#opened.reject(this.#deathWhile('loaded its module'));
    if (this.#isOpen) this.#lost();
  }

  #lost(): void {
    const pending = [...this.#pending];
    this.#pending.clear();
    const [last = 0] = this.#begun;
    const calls = (isBegun: boolean) =>
      pending.filter(([number]) => number <= last === isBegun).map(([, { call }]) => call);
    for (const [, { call }] of pending) call.passOn = undefined;
    this.#died({
      worker: this,
      begun: calls(true),
      unbegun: calls(false),
      isFresh: this.#isFresh,
      error: this.#deathWhile('handled an event'),
    });
    for (const [, { leave }] of pending) leave();
  }

  #deathWhile(what: string): ConsumerThreadError {
    return new ConsumerThreadError(
      `The thread of consumer '${this.#consumer}' ended while it ${what}: ${reasonOf(this.#thrown)}.`,
      { cause: toError(this.#thrown), details: { consumer: this.#consumer } },
    );
  }

  #post(request: ThreadRequest): void {
    this.#thread.post(request);
  }
}

function sent(event: DomainEvent): SentEvent {
  const { id, type, aggregateId, key, version, position, occurredAt, data, metadata } = event;
  return { id, type, aggregateId, key, version, position, occurredAt, data, metadata };
}
