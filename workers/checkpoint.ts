import { parentPort, workerData } from 'node:worker_threads';
import { encodeError } from '../src/kernel/error-codec.js';
import type { CheckpointReply, CheckpointRequest } from '../src/store/checkpointer.js';
import { PACKER_CACHE_KIB } from '../src/store/limits.js';
import { Packer } from '../src/store/segments/packer.js';
import { guard, openConnection, type Sqlite } from '../src/store/sqlite.js';

const port = parentPort;
if (!port) throw new Error('workers/checkpoint.js runs on a worker thread only.');

const path = String(workerData);
let database: Sqlite | undefined;
let packer: Packer | undefined;

port.on('message', (request: CheckpointRequest) => {
  try {
    take(request);
  } catch (error) {
    reply({ kind: 'failed', error: encodeError(error) });
  }
});

function take(request: CheckpointRequest): void {
  switch (request.kind) {
    case 'checkpoint':
      guard(path, () => opened().pragma('wal_checkpoint(PASSIVE)'));
      reply({ kind: 'moved' });
      break;
    case 'pack': {
      const { after, until } = request;
      reply({ kind: 'packed', result: guard(path, () => packerOf(opened()).pack(after, until)) });
      break;
    }
    case 'close':
      port?.close();
      database?.close();
      break;
    default:
      throw new Error(`Unknown checkpoint request: ${JSON.stringify(request satisfies never)}`);
  }
}

/** The file, opened with the first request: that it cannot be is answered like any other failure. */
function opened(): Sqlite {
  if (database) return database;
  database = openConnection(path, { readonly: false, mustExist: true });
  database.pragma('wal_autocheckpoint = 0');
  database.pragma(`cache_size = -${PACKER_CACHE_KIB}`);
  return database;
}

function packerOf(of: Sqlite): Packer {
  packer ??= new Packer(of);
  return packer;
}

function reply(message: CheckpointReply): void {
  port?.postMessage(message);
}
