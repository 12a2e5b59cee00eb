import { parentPort, workerData } from 'node:worker_threads';

// A thread of its own, because a timer of the event loop is a millisecond coarse, and polling would burn the core
// that the engine needs. It sleeps; each message is what an arriving packet is to a server.
const { milliseconds } = workerData as { readonly milliseconds: number };
const never = new Int32Array(new SharedArrayBuffer(4));
while (true) {
  Atomics.wait(never, 0, 0, milliseconds);
  parentPort?.postMessage(0);
}
