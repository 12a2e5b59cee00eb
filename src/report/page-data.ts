import { REPORT_MAX_NODES, REPORT_MAX_READINGS } from '../limits.js';
import type { ProfileSession } from '../sampling/session.js';
import { type CallNode, type CallTree, handlerName, handlerOfFrame, roomOf, totalsOf } from './call-tree.js';
import type { PageData, PageFrame, PageGraph } from './page-types.js';
import type { ProfileSummary } from './summary.js';
import type { ThreadPart } from './thread-part.js';

/** What the page needs of a session, small enough to be embedded. */
export function pageData(
  { handled: _, spans, ...session }: ProfileSession,
  summary: ProfileSummary,
  parts: readonly ThreadPart[],
): PageData {
  const frames = new Table<PageFrame>();
  const handlers = new Table<string>();
  const graphs = parts.map(({ thread, cpu, heap }) => ({
    thread: thread.name,
    ...(cpu && { cpu: graphOf(cpu, frames, handlers) }),
    ...(heap && { heap: graphOf(heap, frames, handlers) }),
  }));
  const threads = session.threads.map((thread) => ({ ...thread, memory: thinned(thread.memory) }));
  return {
    session: { ...session, threads },
    summary,
    frames: frames.rows,
    handlers: handlers.rows,
    graphs,
    spans,
  };
}

/** Every second, third … reading, and always the last. */
function thinned<Reading>(readings: readonly Reading[]): readonly Reading[] {
  const step = Math.ceil(readings.length / REPORT_MAX_READINGS);
  return readings.filter((_, index) => index % step === 0 || index === readings.length - 1);
}

/** Values with a number each. */
class Table<Row> {
  readonly rows: Row[] = [];
  readonly #known = new Map<string, number>();

  indexOf(row: Row): number {
    const key = JSON.stringify(row);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const index = this.rows.push(row) - 1;
    this.#known.set(key, index);
    return index;
  }
}

/**
 * The heaviest nodes; what is left out counts as its caller's own, so that no weight is lost. What goes on after an
 * `await` gets a frame that bears its handler's name, because the handler's own is gone by then.
 */
function graphOf(tree: CallTree, frames: Table<PageFrame>, handlers: Table<string>): PageGraph {
  const totals = totalsOf(tree);
  const least = [...totals].sort((a, b) => b - a)[REPORT_MAX_NODES] ?? 0;
  const graph = {
    parents: [] as number[],
    frames: [] as number[],
    weights: [] as number[],
    handlers: [] as number[],
  };
  const put = (parent: number, frame: PageFrame, self: number, handler: number) => {
    graph.parents.push(parent);
    graph.frames.push(frames.indexOf(frame));
    graph.weights.push(rounded(self));
    return graph.handlers.push(handler) - 1;
  };
  const kept = new Int32Array(tree.nodes.length);
  tree.nodes.forEach((node, index) => {
    const parent = node.parent < 0 ? -1 : (kept[node.parent] ?? -1);
    const total = totals[index] ?? 0;
    if (parent >= 0 && (total === 0 || total < least)) {
      kept[index] = parent;
      graph.weights[parent] = rounded((graph.weights[parent] ?? 0) + node.self);
      return;
    }
    const [owner] = [...node.owners].sort((a, b) => b.fraction - a.fraction);
    const handler = owner ? handlers.indexOf(owner.handler) : -1;
    const goesOn = owner && node.code !== 'handler' && tree.nodes[node.parent]?.owners.length === 0;
    const below = goesOn ? put(parent, [`${owner.handler} after await`, '', 'handler'], 0, handler) : parent;
    kept[index] = put(below, frameOf(node), node.self, handler);
  });
  return graph;
}

function frameOf(node: CallNode): PageFrame {
  const { functionName, url, lineNumber, columnNumber } = node.frame;
  const handler = handlerOfFrame(node.frame);
  if (handler) return [handlerName(handler), '', roomOf(node)];
  const line = lineNumber < 0 ? '' : `:${lineNumber + 1}`;
  const place = url === '' || line === '' ? url : `${url}${line}:${columnNumber + 1}`;
  // A function without a name is known by where it stands.
  const name = functionName || `(anonymous) ${url.split('/').at(-1)}${line}`.trim();
  return [name, place, roomOf(node)];
}

/** Microseconds are all that the samples tell. */
function rounded(weight: number): number {
  return Math.round(weight * 1000) / 1000;
}
