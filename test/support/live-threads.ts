import { subscribe } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';

const alive = new Map<Worker, string>();

// Node tells this channel of every worker thread that this process starts, whoever starts it.
subscribe('worker_threads', (message) => {
  const { worker } = message as { worker: Worker };
  alive.set(worker, `thread ${worker.threadId}`);
  worker.once('exit', () => alive.delete(worker));
});

/** Ends every worker thread of this process, as nothing but a fault would. */
export async function endThreads(): Promise<void> {
  await Promise.all([...alive.keys()].map((worker) => worker.terminate()));
}

/** The worker threads of this process that have not ended. */
export function liveThreads(): string[] {
  return [...alive.values()];
}
