import type { PageData, PageGraph } from '../page-types.js';
import type { Room } from '../summary.js';

/** One box of the flame graph. */
export interface FlameNode {
  readonly name: string;
  readonly place: string;
  readonly room: Room;
  /** The handler that it ran for, if for one. */
  readonly handler: string | undefined;
  readonly parent: FlameNode | undefined;
  readonly depth: number;
  self: number;
  total: number;
  /** Heaviest first. */
  children: FlameNode[];
}

/** Merges call trees: functions with the same callers become one box. Idle time is left out. */
export function mergeGraphs(
  { frames, handlers }: Pick<PageData, 'frames' | 'handlers'>,
  graphs: readonly PageGraph[],
): FlameNode {
  const root: FlameNode = made('all', '', 'program', undefined, undefined);
  const byKey = new Map<FlameNode, Map<string, FlameNode>>();
  for (const graph of graphs) {
    const nodes: (FlameNode | undefined)[] = [];
    graph.parents.forEach((parent, index) => {
      nodes[index] = parent < 0 ? root : child(nodes[parent], graph.frames[index], graph.handlers[index]);
      const node = nodes[index];
      if (node) node.self += graph.weights[index] ?? 0;
    });
  }
  return weighed(root);

  function child(parent: FlameNode | undefined, frame = -1, handler = -1): FlameNode | undefined {
    const [name, place, room] = frames[frame] ?? ['', '', 'program'];
    if (!parent || room === 'idle') return undefined;
    const siblings = byKey.get(parent) ?? new Map<string, FlameNode>();
    byKey.set(parent, siblings);
    const key = `${frame}/${handler}`;
    const known = siblings.get(key);
    if (known) return known;
    const node = made(name, place, room, handlers[handler], parent);
    parent.children.push(node);
    siblings.set(key, node);
    return node;
  }
}

function made(
  name: string,
  place: string,
  room: Room,
  handler: string | undefined,
  parent: FlameNode | undefined,
): FlameNode {
  const depth = parent ? parent.depth + 1 : 0;
  return { name, place, room, handler, parent, depth, self: 0, total: 0, children: [] };
}

/** Sums up from the leaves, and drops what weighs nothing. */
function weighed(root: FlameNode): FlameNode {
  const order = [root];
  for (const node of order) order.push(...node.children);
  for (const node of order.reverse()) {
    node.children = node.children.filter(({ total }) => total > 0).sort((a, b) => b.total - a.total);
    node.total = node.children.reduce((sum, { total }) => sum + total, node.self);
  }
  return root;
}

export interface Match {
  readonly nodes: ReadonlySet<FlameNode>;
  /** Share of the whole that lies in or below what was found, 0 to 1; nested finds count once. */
  readonly share: number;
}

/** Boxes whose function, file or handler contains the text, whatever the case. */
export function search(root: FlameNode, text: string): Match {
  const wanted = text.trim().toLowerCase();
  const nodes = new Set<FlameNode>();
  if (wanted === '') return { nodes, share: 0 };
  const fits = ({ name, place, handler }: FlameNode) =>
    name.toLowerCase().includes(wanted) ||
    place.toLowerCase().includes(wanted) ||
    (handler?.toLowerCase().includes(wanted) ?? false);
  let found = 0;
  const open: { node: FlameNode; counted: boolean }[] = [{ node: root, counted: false }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, counted } = next;
    const hit = node !== root && fits(node);
    if (hit) nodes.add(node);
    if (hit && !counted) found += node.total;
    for (const below of node.children) open.push({ node: below, counted: counted || hit });
  }
  return { nodes, share: root.total > 0 ? found / root.total : 0 };
}

export interface Box {
  readonly node: FlameNode;
  /** In the unit of the width. */
  readonly x: number;
  readonly width: number;
}

/** The boxes to draw when one is zoomed to the full width; its callers stand above it, as wide. */
export function layOut(focus: FlameNode, width: number, least: number): Box[] {
  const boxes: Box[] = [];
  for (let node = focus.parent; node; node = node.parent) boxes.push({ node, x: 0, width });
  const open: Box[] = [{ node: focus, x: 0, width }];
  for (let box = open.pop(); box; box = open.pop()) {
    boxes.push(box);
    let { x } = box;
    for (const node of box.node.children) {
      const own = box.node.total > 0 ? (node.total / box.node.total) * box.width : 0;
      if (own < least) break;
      open.push({ node, x, width: own });
      x += own;
    }
  }
  return boxes;
}
