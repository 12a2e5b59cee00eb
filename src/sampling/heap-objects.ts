import { Session } from 'node:inspector/promises';
import { getHeapSnapshot, getHeapStatistics } from 'node:v8';
import { HeapTooLargeError } from '../kernel/errors.js';
import { LEAK_HEAP_MAX_BYTES } from '../limits.js';

/** Objects of one constructor on a thread's heap. */
export interface ConstructorCount {
  /** Name of the constructor; of a function its own name with `()`. */
  readonly name: string;
  readonly count: number;
  /** Bytes of the objects themselves, without what they refer to. */
  readonly bytes: number;
}

/** The part of V8's heap snapshot format that counts: nodes are rows of `node_fields` numbers. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

/**
 * What lives on this thread's heap, by constructor. Taking the snapshot collects garbage first, so only what is
 * reachable counts. The thread stands still meanwhile: about a second for 100 MB.
 *
 * @throws HeapTooLargeError when the snapshot would not fit into a string.
 */
export async function countObjects(): Promise<readonly ConstructorCount[]> {
  const size = await reachableBytes();
  if (size > LEAK_HEAP_MAX_BYTES) {
    throw new HeapTooLargeError(
      `The heap of this thread has ${Math.round(size / 2 ** 20)} MB, too many to count its objects (${LEAK_HEAP_MAX_BYTES / 2 ** 20} MB). Run a smaller load.`,
    );
  }
  const pieces: Buffer[] = [];
  for await (const piece of getHeapSnapshot()) pieces.push(piece as Buffer);
  return countNodes(JSON.parse(Buffer.concat(pieces).toString('utf8')) as Snapshot);
}

/** Bytes of the heap that count: garbage does not, so it is collected where it might be what makes the heap too large. */
async function reachableBytes(): Promise<number> {
  const { used_heap_size: used } = getHeapStatistics();
  if (used <= LEAK_HEAP_MAX_BYTES) return used;
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.collectGarbage');
  } finally {
    session.disconnect();
  }
  return getHeapStatistics().used_heap_size;
}

/** Objects and functions of a snapshot by constructor, most bytes first. */
export function countNodes({ snapshot: { meta }, nodes, strings }: Snapshot): readonly ConstructorCount[] {
  const width = meta.node_fields.length;
  const [type, name, size] = ['type', 'name', 'self_size'].map((field) =>
    meta.node_fields.indexOf(field),
  ) as [number, number, number];
  const counts = new Map<string, { name: string; count: number; bytes: number }>();
  for (let at = 0; at < nodes.length; at += width) {
    const kind = meta.node_types[0][nodes[at + type] as number];
    if (kind !== 'object' && kind !== 'closure') continue;
    const text = strings[nodes[at + name] as number] ?? '';
    const label = kind === 'closure' ? `${text || 'anonymous'}()` : text;
    const known = counts.get(label) ?? { name: label, count: 0, bytes: 0 };
    counts.set(label, known);
    known.count++;
    known.bytes += nodes[at + size] as number;
  }
  return [...counts.values()].sort((a, b) => b.bytes - a.bytes);
}
