import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/** Where Linux lists the names that are taken. */
const TAKEN = '/proc/net/unix';

/**
 * A name of the operating system that stands for a file, whatever its paths are: an abstract socket on Linux, a named
 * pipe on Windows. Only one process can have it, nothing of it lies on a disk, nothing that is done to files lets go
 * of it, and it is free again as soon as the process has ended. Nobody can talk to it.
 *
 * Where there is no such thing (macOS), or it may not be used, it is nobody's: the other lock must do.
 */
export class InodeName {
  readonly #server: Server | undefined;

  private constructor(server: Server | undefined) {
    this.#server = server;
  }

  /** @returns undefined when the file's name is taken. */
  static take(path: string): InodeName | undefined {
    const name = nameOf(path);
    if (name === undefined) return new InodeName(undefined);
    const server = createServer((socket) => socket.destroy());
    // What went wrong is told later, and is asked for below.
    server.on('error', () => {});
    // Binding is done within the call; `exclusive`, so that it also is in a process of a cluster.
    server.listen({ path: name, exclusive: true });
    server.unref();
    if (server.listening) return new InodeName(server);
    return isTaken(name) ? undefined : new InodeName(undefined);
  }

  release(): void {
    this.#server?.close();
  }

  /**
   * The process that has the file's name, as far as this one can see: undefined when nobody has it, or when the
   * process is in another container, which shares the network with this one but not its list of processes.
   */
  static holderOf(path: string): number | undefined {
    const name = process.platform === 'linux' ? nameOf(path) : undefined;
    const socket = name && socketOf(name);
    return socket ? processWith(`socket:[${socket}]`) : undefined;
  }
}

function nameOf(path: string): string | undefined {
  if (process.platform !== 'linux' && process.platform !== 'win32') return undefined;
  const { dev, ino } = statSync(path, { bigint: true });
  const name = `millrace/${dev}/${ino}`;
  return process.platform === 'linux' ? `\0${name}` : `\\\\.\\pipe\\${name.replaceAll('/', '-')}`;
}

/** Whether a name that could not be had is somebody's, or there are no such names for this process. */
function isTaken(name: string): boolean {
  if (process.platform === 'win32') return true;
  try {
    return socketOf(name) !== undefined;
  } catch {
    // Without /proc there is no telling; a store that cannot be opened any more would be the greater harm.
    return false;
  }
}

/** The inode of the socket that has a name, the last number of its line but one. */
function socketOf(name: string): string | undefined {
  const line = readFileSync(TAKEN, 'latin1')
    .split('\n')
    .find((text) => text.endsWith(`@${name.slice(1)}`));
  return line?.trim().split(/\s+/).at(-2);
}

/** The process that has a descriptor of this kind open. Those of other users cannot be looked into. */
function processWith(descriptor: string): number | undefined {
  for (const process of readdirSync('/proc')) {
    if (!/^\d+$/.test(process)) continue;
    const folder = `/proc/${process}/fd`;
    const found = namesIn(folder).some((number) => linkOf(`${folder}/${number}`) === descriptor);
    if (found) return Number(process);
  }
  return undefined;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // It has ended, or is another user's.
    return [];
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // It was closed meanwhile.
    return undefined;
  }
}
