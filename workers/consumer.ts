import { parentPort } from 'node:worker_threads';
import { ThreadHost } from '../src/consumers/thread-host.js';
import type { ThreadRequest } from '../src/consumers/thread-protocol.js';

// As in a lane: should the module import msgpackr's main entry, its native extractor stays off.
process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED = 'true';

if (!parentPort)
  throw new Error('workers/consumer.js is the thread of a consumer, and no program of its own.');
const host = new ThreadHost(parentPort);
parentPort.on('message', (request: ThreadRequest) => void host.obey(request));
