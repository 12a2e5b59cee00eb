import { framed } from '../sampling/frames.js';
import type { ConsumedWork } from '../sampling/session.js';
import type { ProfileOrder, ThreadProfiler, ThreadReading } from '../sampling/thread-profiler.js';

type Handle = (event: { readonly type: string }, context: never) => unknown;

/** What a profile takes of a consumer's thread; nothing of it costs anything until one is started. */
export class HostProfile {
  readonly #consumer: string;
  readonly #framed = new Map<string, Handle>();
  readonly #work = new Map<string, { events: number; busy: number }>();
  #profiler: ThreadProfiler | undefined;
  #isRunning = false;

  constructor(consumer: string) {
    this.#consumer = consumer;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Calls the handler under a frame that names its consumer and the event type, and counts what it takes until it returns. */
  call(handle: Handle, event: { readonly type: string }, context: never): unknown {
    const { type } = event;
    let inFrame = this.#framed.get(type);
    if (!inFrame) {
      inFrame = framed(this.#consumer, type, handle);
      this.#framed.set(type, inFrame);
    }
    const work = this.#work.get(type) ?? { events: 0, busy: 0 };
    this.#work.set(type, work);
    const before = performance.now();
    try {
      return inFrame(event, context);
    } finally {
      work.events++;
      work.busy += performance.now() - before;
    }
  }

  async obey(order: ProfileOrder): Promise<ThreadReading | undefined> {
    const profiler = await this.#loaded();
    if (order.do === 'start') this.#isRunning = true;
    const reading = await profiler.obey(order).catch((error: unknown) => {
      // One that could not be started frames nothing.
      if (order.do === 'start') this.#isRunning = false;
      throw error;
    });
    if (order.do !== 'stop' || !reading) return reading;
    this.#isRunning = false;
    const consumed: ConsumedWork[] = [...this.#work].map(([type, work]) => ({ type, ...work }));
    this.#work.clear();
    this.#framed.clear();
    return { ...reading, consumed };
  }

  /** One for all orders, also for two that come while it is loaded: the second would stop what it has not started. */
  async #loaded(): Promise<ThreadProfiler> {
    const { ThreadProfiler } = await import('../sampling/thread-profiler.js');
    this.#profiler ??= new ThreadProfiler();
    return this.#profiler;
  }
}
