import { REPORT_MAX_STRETCHES } from '../limits.js';
import type { CallFrame, CallNode, CpuTree, Stretch } from './call-tree.js';
import { codeOf } from './code-of.js';
import { checkedFrame, isList, isRecord } from './shape.js';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children: readonly number[];
}

const MICROS_PER_MS = 1000;

/**
 * The call tree of a `.cpuprofile`, with milliseconds at its nodes.
 *
 * A sample lasts until the next one. V8 shows garbage collection below the root; here it lies below what ran in the
 * sample before, because that is whose memory ran out.
 *
 * @throws TypeError when the value is no CPU profile.
 */
export function cpuTree(value: unknown): CpuTree {
  const profile = checked(value);
  const tree = new TreeBuilder();
  const index = tree.addAll(profile.nodes);
  const stretches: Stretch[] = [];
  let before = -1;
  eachSample(profile, (id, micros) => {
    const sampled = index.get(id);
    if (sampled === undefined) throw new TypeError(`Sample of node ${id}, which is not among the nodes.`);
    const collects = tree.nodes[sampled]?.code === 'gc';
    if (!collects) before = sampled;
    const node = collects ? tree.collectionBelow(before, sampled) : sampled;
    const entry = tree.nodes[node] as CallNode;
    entry.self += micros / MICROS_PER_MS;
    const last = stretches.at(-1);
    if (last?.node === node) last.micros += micros;
    else if (micros > 0 && stretches.length <= REPORT_MAX_STRETCHES) stretches.push({ node, micros });
  });
  return { nodes: tree.nodes, stretches: stretches.length > REPORT_MAX_STRETCHES ? undefined : stretches };
}

class TreeBuilder {
  readonly nodes: CallNode[] = [];
  /** Collections by what ran before them. */
  readonly #collections = new Map<number, number>();

  /** Adds nodes, callers first, and tells which index each id got. */
  addAll(nodes: readonly ProfileNode[]): Map<number, number> {
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const called = new Set(nodes.flatMap(({ children }) => children));
    const index = new Map<number, number>();
    const open = nodes.filter(({ id }) => !called.has(id)).map((node) => ({ node, parent: -1 }));
    for (let next = open.pop(); next; next = open.pop()) {
      const own = this.#add(next.node.callFrame, next.parent);
      index.set(next.node.id, own);
      for (const id of next.node.children) {
        const node = byId.get(id);
        if (!node)
          throw new TypeError(`Node ${next.node.id} has a child ${id}, which is not among the nodes.`);
        open.push({ node, parent: own });
      }
    }
    return index;
  }

  /** The node for a collection that follows node `before`; `own` when that was nobody's code. */
  collectionBelow(before: number, own: number): number {
    const code = this.nodes[before]?.code;
    if (code === undefined || code === 'idle' || code === 'program') return own;
    const known = this.#collections.get(before);
    if (known !== undefined) return known;
    const frame = (this.nodes[own] as CallNode).frame;
    const made = this.#add(frame, before);
    this.#collections.set(before, made);
    return made;
  }

  #add(frame: CallFrame, parent: number): number {
    const code = codeOf(frame, this.nodes[parent]);
    return this.nodes.push({ frame, parent, code, self: 0, owners: [] }) - 1;
  }
}

interface CheckedProfile {
  readonly nodes: readonly ProfileNode[];
  readonly endTime: number;
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Calls back with each sample's node and length. V8's deltas can be negative: time does not go back for that. */
function eachSample(profile: CheckedProfile, take: (id: number, micros: number) => void): void {
  const { samples, timeDeltas, startTime, endTime } = profile;
  let now = startTime + (timeDeltas[0] ?? 0);
  let latest = now;
  samples.forEach((id, index) => {
    now = index + 1 < samples.length ? now + (timeDeltas[index + 1] ?? 0) : Math.max(now, endTime);
    take(id, Math.max(0, now - latest));
    latest = Math.max(latest, now);
  });
}

function checked(value: unknown): CheckedProfile {
  if (!isRecord(value)) throw new TypeError('It is no object.');
  const { nodes, samples = [], timeDeltas = [], startTime, endTime } = value;
  if (!isList(nodes) || !isList(samples) || !isList(timeDeltas)) {
    throw new TypeError('It has no list of nodes.');
  }
  if (typeof startTime !== 'number' || typeof endTime !== 'number') {
    throw new TypeError('It has no start and end.');
  }
  return {
    nodes: nodes.map(checkedNode),
    samples: samples as readonly number[],
    timeDeltas: timeDeltas as readonly number[],
    startTime,
    endTime,
  };
}

function checkedNode(node: unknown): ProfileNode {
  if (!isRecord(node) || typeof node.id !== 'number') throw new TypeError('A node has no id.');
  const { id, children = [] } = node;
  return { id, callFrame: checkedFrame(node.callFrame), children: children as readonly number[] };
}
