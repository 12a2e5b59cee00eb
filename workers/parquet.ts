import { parentPort, workerData } from 'node:worker_threads';
import type { ParquetReply, ParquetRequest } from '../src/backtest/candles/parquet.js';
import { readParquet } from '../src/backtest/candles/parquet-file.js';
import { encodeError } from '../src/kernel/error-codec.js';

const port = parentPort;
if (!port) throw new Error('workers/parquet.js runs on a worker thread only.');
const { content, path } = workerData as ParquetRequest;

const reply = await readParquet(content, path).then(
  (read): ParquetReply => ({ kind: 'read', read }),
  (error: unknown): ParquetReply => ({ kind: 'failed', error: encodeError(error) }),
);
port.postMessage(reply);
