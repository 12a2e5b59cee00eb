import { parentPort } from 'node:worker_threads';
import 'msgpackr/pack';
import 'msgpackr/unpack';
import { z } from 'zod';

// The twin of a lane: a plain worker thread with what any module that has events and packs them must import.
parentPort?.postMessage(z.string().parse('ready'));
setInterval(() => {}, 60_000);
