import type { Worker } from 'node:worker_threads';
import { ProfileBusyError } from '../kernel/errors.js';
import { PROFILE_ANSWER_MS, PROFILE_INTERVAL_MICROS, PROFILE_START_MS } from '../limits.js';
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
        await unlessLate(
          ask(await this.#start(worker as SampledWorker | undefined, order)),
          PROFILE_START_MS,
        );
        return undefined;
      case 'stop':
        return this.#stop(ask);
      case 'snapshot':
      case 'count':
        await untilAnswer(ask);
        return ask(order);
      case 'answer':
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
    this.#handle = await unlessLate(sampledFromOutside(worker, order.intervalMicros), PROFILE_START_MS);
    return this.#handle ? { ...order, cpu: false } : order;
  }

  async #stop(ask: Ask): Promise<ThreadReading> {
    const handle = this.#handle;
    this.#handle = undefined;
    // The runtime's answer keeps no process alive: an idle lane's thread does not either, and the program would end.
    const [raw, reading] = await Promise.all([
      handle && unlessLate(handle.stop()),
      unlessLate(ask({ do: 'stop' })),
    ]);
    const cpuProfile = raw === undefined ? undefined : escapeNames(raw);
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

/** Not the work itself: the snapshot of a large heap takes longer. @throws ProfileBusyError */
async function untilAnswer(ask: Ask): Promise<void> {
  if (await unlessLate(ask({ do: 'answer' }).then(() => true))) return;
  throw new ProfileBusyError(
    `A thread did not answer within ${PROFILE_ANSWER_MS} ms: it is in the middle of a handler or of a commit. Try again when that has ended.`,
  );
}

/** What a promise resolves to, or undefined when it takes too long. */
async function unlessLate<Value>(
  promise: Promise<Value>,
  within = PROFILE_ANSWER_MS,
): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), within);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
