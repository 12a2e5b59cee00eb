import { type MessagePort, parentPort } from 'node:worker_threads';
import { ThreadHost } from '../src/consumers/thread-host.js';
import type { ThreadRequest } from '../src/consumers/thread-protocol.js';

// As in a lane: should the module import msgpackr's main entry, its native extractor stays off.
process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED = 'true';

if (!parentPort)
  throw new Error('workers/consumer.js is the thread of a consumer, and no program of its own.');
// The first message is the port for all others: the parent port is the module's, as on every thread.
parentPort.once('message', (port: MessagePort) => {
  const host = new ThreadHost(port);
  port.on('message', (request: ThreadRequest) => void host.obey(request));
});
