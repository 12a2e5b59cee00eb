import { Session } from 'node:inspector';
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics, writeHeapSnapshot } from 'node:v8';
import { PROFILE_HEAP_INTERVAL_BYTES, PROFILE_MEMORY_EVERY_MS, PROFILE_STACK_DEPTH } from '../limits.js';
import { type ConstructorCount, countObjects } from './heap-objects.js';
import type { ConsumedWork, MemoryReading } from './session.js';
import { epochNow, SpanLog, type ThreadSpan } from './span-log.js';

/** What a thread is asked for. `cpu` and `heap` say whether it samples itself. */
export type ProfileOrder =
  | { readonly do: 'start'; readonly cpu: boolean; readonly heap: boolean; readonly intervalMicros: number }
  | { readonly do: 'stop' }
  /** Whether it gets to orders at all. */
  | { readonly do: 'answer' }
  /** Writes a heap snapshot of the thread into a new file. */
  | { readonly do: 'snapshot'; readonly path: string }
  /** Counts what lives on the thread's heap. */
  | { readonly do: 'count' };

/** What a lane's handlers of one stored type did: events, and milliseconds of the lane's busy time. */
export interface TypeWork {
  readonly type: number;
  readonly events: number;
  readonly busy: number;
}

/** What a thread did; instants are in milliseconds since the Unix epoch. */
export interface ThreadReading {
  /** JSON texts. */
  readonly cpuProfile?: string;
  readonly heapProfile?: string;
  /** Milliseconds in which the thread's event loop did not wait. */
  readonly active: number;
  readonly memory: readonly MemoryReading[];
  readonly spans: readonly ThreadSpan[];
  readonly spansLeftOut: number;
  /** Why something is not there. */
  readonly missing?: string;
  /** The answer to `count`. */
  readonly objects?: readonly ConstructorCount[];
  /** Lanes only. */
  readonly work?: readonly TypeWork[];
  /** Threads of consumers only. */
  readonly consumed?: readonly ConsumedWork[];
}

/** What a thread says that was not sampled. */
export const EMPTY_READING: ThreadReading = { active: 0, memory: [], spans: [], spansLeftOut: 0 };

/**
 * Samples the thread that it lives on, from inside: the only way for the main thread and for allocations, and for
 * every thread of a Node.js that cannot sample a worker from outside. It costs nothing until it is started.
 */
export class ThreadProfiler {
  #session: Session | undefined;
  /** The inspector's part of the start. */
  #started: Promise<void> | undefined;
  #order: Extract<ProfileOrder, { do: 'start' }> | undefined;
  #observer: PerformanceObserver | undefined;
  #timer: NodeJS.Timeout | undefined;
  #loop = performance.eventLoopUtilization();
  #log = new SpanLog();
  #memory: MemoryReading[] = [];

  get isRunning(): boolean {
    return this.#order !== undefined;
  }

  /** Does what the main thread asks of the thread that this profiler lives on. */
  async obey(order: ProfileOrder): Promise<ThreadReading | undefined> {
    switch (order.do) {
      case 'start':
        await this.start(order);
        return undefined;
      case 'stop':
        return this.stop();
      case 'answer':
        return undefined;
      case 'snapshot':
        writeHeapSnapshot(order.path);
        return undefined;
      case 'count':
        return { ...EMPTY_READING, objects: await countObjects() };
    }
  }

  /** Starts, unless it runs already. */
  async start(order: Extract<ProfileOrder, { do: 'start' }>): Promise<void> {
    if (this.#order) return;
    this.#order = order;
    this.#log = new SpanLog();
    this.#memory = [];
    this.#loop = performance.eventLoopUtilization();
    this.#observer = new PerformanceObserver((list) => this.#collected(list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
    this.#readMemory();
    this.#timer = setInterval(() => this.#readMemory(), PROFILE_MEMORY_EVERY_MS);
    this.#timer.unref();
    if (!order.cpu && !order.heap) return;
    this.#started = this.#startSession(order);
    await this.#started;
  }

  /** Something that the thread was busy with, if it runs. */
  note(span: ThreadSpan): void {
    if (this.#order) this.#log.add(span);
  }

  async stop(): Promise<ThreadReading> {
    // A thread that was busy finds both orders at once; why it did not start, the start has said.
    await this.#started?.catch(() => {});
    this.#started = undefined;
    const order = this.#order;
    this.#order = undefined;
    clearInterval(this.#timer);
    this.#readMemory();
    const { active } = performance.eventLoopUtilization(this.#loop);
    this.#collected(this.#observer?.takeRecords() ?? []);
    this.#observer?.disconnect();
    try {
      return {
        ...(order?.cpu && { cpuProfile: JSON.stringify(await this.#take('Profiler.stop')) }),
        ...(order?.heap && { heapProfile: JSON.stringify(await this.#take('HeapProfiler.stopSampling')) }),
        active,
        memory: this.#memory,
        spans: this.#log.spans,
        spansLeftOut: this.#log.leftOut,
      };
    } finally {
      this.#session?.disconnect();
      this.#session = undefined;
    }
  }

  async #startSession({ cpu, heap, intervalMicros }: Extract<ProfileOrder, { do: 'start' }>): Promise<void> {
    this.#session = new Session();
    this.#session.connect();
    if (heap) await this.#startHeap();
    if (cpu) await this.#startCpu(intervalMicros);
  }

  async #startCpu(interval: number): Promise<void> {
    await this.#post('Profiler.enable');
    await this.#post('Profiler.setSamplingInterval', { interval });
    await this.#post('Profiler.start');
  }

  /** What was collected since counts as well: the question is who allocates, not who keeps. */
  async #startHeap(): Promise<void> {
    await this.#post('HeapProfiler.enable');
    await this.#post('HeapProfiler.startSampling', {
      samplingInterval: PROFILE_HEAP_INTERVAL_BYTES,
      stackDepth: PROFILE_STACK_DEPTH,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
  }

  async #take(method: string): Promise<unknown> {
    return ((await this.#post(method)) as { profile: unknown }).profile;
  }

  #post(method: string, params: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#session?.post(method, params, (error, result) => (error ? reject(error) : resolve(result)));
    });
  }

  #readMemory(): void {
    const { used_heap_size: heapUsed, external_memory: external } = getHeapStatistics();
    this.#memory.push({ at: epochNow(), heapUsed, external });
  }

  #collected(entries: readonly { startTime: number; duration: number }[]): void {
    for (const { startTime, duration } of entries) {
      const start = performance.timeOrigin + startTime;
      this.#log.add({ kind: 'gc', start, end: start + duration });
    }
  }
}
