import { parentPort, workerData } from 'node:worker_threads';
import type { CheckpointReply, CheckpointRequest } from '../src/store/checkpointer.js';
import { Packer } from '../src/store/segments/packer.js';
import { guard, openConnection } from '../src/store/sqlite.js';

const port = parentPort;
if (!port) throw new Error('workers/checkpoint.js runs on a worker thread only.');

const path = String(workerData);
const database = openConnection(path, { readonly: false, mustExist: true });
database.pragma('wal_autocheckpoint = 0');

const packer = new Packer(database);

port.on('message', (request: CheckpointRequest) => {
  switch (request.kind) {
    case 'checkpoint':
      guard(path, () => database.pragma('wal_checkpoint(PASSIVE)'));
      reply({ kind: 'moved' });
      break;
    case 'pack': {
      const { after, until } = request;
      reply({ kind: 'packed', result: guard(path, () => packer.pack(after, until)) });
      break;
    }
    case 'close':
      database.close();
      port.close();
      break;
    default:
      throw new Error(`Unknown checkpoint request: ${JSON.stringify(request satisfies never)}`);
  }
});

function reply(message: CheckpointReply): void {
  port?.postMessage(message);
}
