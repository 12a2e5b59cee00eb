import type { Worker } from 'node:worker_threads';
import { PROFILE_ANSWER_MS, PROFILE_INTERVAL_MICROS } from '../limits.js';
import { escapeNames } from './escape-names.js';
import { EMPTY_READING, type ProfileOrder, type ThreadReading } from './thread-profiler.js';

/** A CPU profile that the runtime takes of a worker from outside. */
interface CpuProfileHandle {
  stop(): Promise<string>;
}

/**
 * What runtimes have of it: late 22s and 24s a name for the profile and no interval, 25 and later options. 22.18 has
 * neither.
 */
interface SampledWorker {
  startCpuProfile?(options: string | { readonly sampleInterval: number }): Promise<CpuProfileHandle>;
}

const MICROS_PER_MS = 1000;

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

  /** @returns what is left for the thread itself to do. */
  async #start(
    worker: SampledWorker | undefined,
    order: Extract<ProfileOrder, { do: 'start' }>,
  ): Promise<ProfileOrder> {
    if (!order.cpu || !worker?.startCpuProfile) return order;
    // A few releases between took nothing at all, and would sample at their own pace.
    const takesNothing = worker.startCpuProfile.length === 0;
    if (takesNothing && order.intervalMicros !== PROFILE_INTERVAL_MICROS) return order;
    this.#handle = await unlessLate(sampledFromOutside(worker, order.intervalMicros));
    return this.#handle ? { ...order, cpu: false } : order;
  }

  async #stop(ask: Ask): Promise<ThreadReading> {
    const handle = this.#handle;
    this.#handle = undefined;
    // The runtime's answer keeps no process alive: an idle lane's thread does not either, and the program would end.
    const raw = handle && (await unlessLate(handle.stop()));
    const cpuProfile = raw === undefined ? undefined : escapeNames(raw);
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

/** Undefined where this runtime cannot, or not with that interval: then the thread samples itself, and says if it cannot either. */
async function sampledFromOutside(
  worker: SampledWorker,
  intervalMicros: number,
): Promise<CpuProfileHandle | undefined> {
  try {
    return await worker.startCpuProfile?.({ sampleInterval: intervalMicros / MICROS_PER_MS });
  } catch (error) {
    const takesName = (error as NodeJS.ErrnoException).code === 'ERR_INVALID_ARG_TYPE';
    if (!takesName || intervalMicros !== PROFILE_INTERVAL_MICROS) return undefined;
    return worker.startCpuProfile?.('millrace').catch(() => undefined);
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
