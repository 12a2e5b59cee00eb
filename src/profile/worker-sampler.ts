import type { Worker } from 'node:worker_threads';
import { PROFILE_ANSWER_MS, PROFILE_INTERVAL_MICROS } from '../limits.js';
import { EMPTY_READING, type ProfileOrder, type ThreadReading } from './thread-profiler.js';

/** A CPU profile that the runtime takes of a worker from outside: Node.js 24.8 and later, and late 22s. */
interface CpuProfileHandle {
  stop(): Promise<string>;
}

interface SampledWorker {
  startCpuProfile?(name?: string): Promise<CpuProfileHandle>;
}

/** Node.js 22 wants a name for the profile, 24 takes nothing, and 26 takes options and refuses a name. */
const NAMED_PROFILES = Number.parseInt(process.versions.node, 10) < 24;

type Ask = (order: ProfileOrder) => Promise<ThreadReading | undefined>;

/**
 * Profiles a worker thread from the main thread. Where the runtime can sample a worker from outside it does, also
 * one that is stuck in a loop; elsewhere, and for allocations, the thread samples itself and hands over between two
 * pieces of work.
 */
export class WorkerSampler {
  #handle: CpuProfileHandle | undefined;

  /** @param ask has the thread do its own part. */
  async obey(worker: Worker | undefined, order: ProfileOrder, ask: Ask): Promise<ThreadReading | undefined> {
    switch (order.do) {
      case 'start':
        await ask(await this.#start(worker as SampledWorker | undefined, order));
        return undefined;
      case 'stop':
        return this.#stop(ask);
      case 'snapshot':
      case 'count':
        return ask(order);
    }
  }

  async #start(
    worker: SampledWorker | undefined,
    order: Extract<ProfileOrder, { do: 'start' }>,
  ): Promise<ProfileOrder> {
    // The runtime's own sampling has no interval to set.
    if (!order.cpu || order.intervalMicros !== PROFILE_INTERVAL_MICROS || !worker?.startCpuProfile)
      return order;
    this.#handle = await (NAMED_PROFILES ? worker.startCpuProfile('millrace') : worker.startCpuProfile());
    return { ...order, cpu: false };
  }

  async #stop(ask: Ask): Promise<ThreadReading> {
    const handle = this.#handle;
    this.#handle = undefined;
    const cpuProfile = await handle?.stop();
    const reading = await unlessLate(ask({ do: 'stop' }));
    if (reading) return { ...reading, ...(cpuProfile !== undefined && { cpuProfile }) };
    const late = `The thread did not answer within ${PROFILE_ANSWER_MS} ms: it is in the middle of a handler or of a commit.`;
    return {
      ...EMPTY_READING,
      ...(cpuProfile !== undefined && { cpuProfile }),
      missing: late,
    };
  }
}

/** What a promise resolves to, or undefined when it takes too long. */
async function unlessLate<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PROFILE_ANSWER_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
