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
    this.#profiler ??= new (await import('../sampling/thread-profiler.js')).ThreadProfiler();
    const reading = await this.#profiler.obey(order);
    if (order.do === 'start') this.#isRunning = true;
    if (order.do !== 'stop' || !reading) return reading;
    this.#isRunning = false;
    const consumed: ConsumedWork[] = [...this.#work].map(([type, work]) => ({ type, ...work }));
    this.#work.clear();
    this.#framed.clear();
    return { ...reading, consumed };
  }
}
