import { parentPort, workerData } from 'node:worker_threads';
import type { CheckpointReply, CheckpointRequest } from '../src/store/checkpointer.js';
import { guard, openConnection } from '../src/store/sqlite.js';

const port = parentPort;
if (!port) throw new Error('workers/checkpoint.js runs on a worker thread only.');

const path = String(workerData);
const database = openConnection(path, { readonly: false, mustExist: true });
database.pragma('wal_autocheckpoint = 0');

port.on('message', (request: CheckpointRequest) => {
  switch (request) {
    case 'checkpoint':
      guard(path, () => database.pragma('wal_checkpoint(PASSIVE)'));
      port.postMessage('done' satisfies CheckpointReply);
      break;
    case 'close':
      database.close();
      port.close();
      break;
    default:
      throw new Error(`Unknown checkpoint request: ${String(request satisfies never)}`);
  }
});
