import type { ProfiledThread, ProfileSession } from '../sampling/session.js';
import type { CallTree, CpuTree } from './call-tree.js';
import { roomOf } from './call-tree.js';
import { ROOMS, type Room, type ThreadSummary } from './summary.js';
import { unionOf } from './union.js';

/** A thread with its profiles, read and attributed. */
export interface ThreadPart {
  readonly thread: ProfiledThread;
  readonly cpu?: CpuTree;
  readonly heap?: CallTree;
}

/** Functions of Node's that copy a message from thread to thread. */
const CLONING = new Set(['postMessage', 'receiveMessageOnPort', 'structuredClone']);

export function summariseThread(part: ThreadPart, session: ProfileSession): ThreadSummary {
  const { thread, cpu, heap } = part;
  const rooms = cpu && roomsOf(cpu);
  const time = rooms ? bySamples(rooms) : withoutSamples(thread, session);
  return {
    name: thread.name,
    role: thread.role,
    ...time,
    rooms: rooms ?? null,
    cloneMs: cpu ? cloneMsOf(cpu) : null,
    allocatedBytes: heap ? heap.nodes.reduce((sum, { self }) => sum + self, 0) : null,
    grownBytes: grownBytesOf(thread),
    unattributedMs: cpu && runsHandlers(thread, session) ? unattributedMsOf(cpu) : 0,
  };
}

/** Whether handlers run on the thread and nothing else of the user's. */
function runsHandlers({ role }: ProfiledThread, { settings }: ProfileSession): boolean {
  return role === 'consumer' || (role === 'lane' && settings.threads > 0);
}

function roomsOf(tree: CallTree): Record<Room, number> {
  const rooms = Object.fromEntries(ROOMS.map((room) => [room, 0])) as Record<Room, number>;
  for (const node of tree.nodes) rooms[roomOf(node)] += node.self;
  return rooms;
}

type Time = Pick<ThreadSummary, 'source' | 'busyShare' | 'cpuMs' | 'idleMs' | 'gcMs'>;

function bySamples(rooms: Record<Room, number>): Time {
  const total = ROOMS.reduce((sum, room) => sum + rooms[room], 0);
  const cpuMs = total - rooms.idle;
  return {
    source: 'samples',
    busyShare: total > 0 ? cpuMs / total : 0,
    cpuMs,
    idleMs: rooms.idle,
    gcMs: rooms.gc,
  };
}

function withoutSamples({ name, active }: ProfiledThread, { spans, duration }: ProfileSession): Time {
  const own = spans.filter(({ thread }) => thread === name);
  const gcMs = unionOf(own.filter(({ kind }) => kind === 'gc'));
  const busy = Math.min(duration, active ?? unionOf(own));
  const source = active !== undefined ? 'event-loop' : own.length > 0 ? 'spans' : 'none';
  return {
    source,
    busyShare: duration > 0 ? busy / duration : 0,
    cpuMs: busy,
    idleMs: duration - busy,
    gcMs,
  };
}

/** A function below a cloning one is part of it, and must not count twice. */
function cloneMsOf({ nodes }: CallTree): number {
  const clones: boolean[] = [];
  let sum = 0;
  nodes.forEach(({ frame, code, parent, self }, index) => {
    const own = code === 'msgpackr' || (isNative(frame.url) && CLONING.has(frame.functionName));
    clones[index] = own || clones[parent] === true;
    if (clones[index] && code !== 'gc') sum += self;
  });
  return sum;
}

function isNative(url: string): boolean {
  return url === '' || url.startsWith('node:');
}

function unattributedMsOf({ nodes }: CallTree): number {
  return nodes
    .filter(({ code, owners }) => code === 'user' && owners.length === 0)
    .reduce((sum, { self }) => sum + self, 0);
}

function grownBytesOf({ memory }: ProfiledThread): number | null {
  const first = memory[0];
  const last = memory.at(-1);
  if (!first || !last) return null;
  return last.heapUsed + last.external - first.heapUsed - first.external;
}
