import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis as Client } from 'ioredis';

/** `always`: an append-only file with an fsync for every turn, as durable as FULL. `none`: nothing on disk. */
export type Persistence = 'always' | 'none';

export interface Redis {
  readonly connection: { readonly path: string; readonly maxRetriesPerRequest: null };
  readonly cpuMicros: () => Promise<number>;
  stop(): Promise<void>;
}

const START_MILLISECONDS_MAX = 10_000;

/** Starts a Redis that nobody else sees: a Unix socket, no port. Its files lie in `directory`. */
export async function startRedis(directory: string, persistence: Persistence): Promise<Redis> {
  // The path of a Unix socket is short by law, the bench's folder may be deep.
  const socketDirectory = mkdtempSync(join(tmpdir(), 'bench-'));
  const path = join(socketDirectory, 'redis.sock');
  const durability = persistence === 'always' ? ['yes', '--appendfsync', 'always'] : ['no'];
  const options = ['--port', '0', '--unixsocket', path, '--dir', directory, '--save', ''];
  const server = spawn('redis-server', [...options, '--appendonly', ...durability], { stdio: 'ignore' });
  const exited = once(server, 'exit');
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);

  const connection = { path, maxRetriesPerRequest: null };
  const client = await connect(path, server);

  return {
    connection,
    cpuMicros: async () => {
      const info = await client.info('cpu');
      const seconds = [...info.matchAll(/used_cpu_(?:sys|user):([\d.]+)/g)].map(([, value]) => Number(value));
      return seconds.reduce((sum, value) => sum + value, 0) * 1e6;
    },
    stop: async () => {
      client.disconnect();
      server.kill('SIGTERM');
      await exited;
      process.off('exit', kill);
      rmSync(socketDirectory, { recursive: true, force: true });
    },
  };
}

/** Tries until the server listens. @throws when it ends, or does not answer in time. */
async function connect(path: string, server: ChildProcess): Promise<Client> {
  const started = performance.now();
  while (server.exitCode === null && performance.now() - started < START_MILLISECONDS_MAX) {
    const client = new Client({ path, lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => {}); // it does not listen yet
    try {
      await client.connect();
      await client.ping();
      return client;
    } catch {
      client.disconnect();
      await sleep(10);
    }
  }
  throw new Error(`redis-server did not answer (exit code ${server.exitCode}).`);
}
