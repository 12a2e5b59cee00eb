import {
  type CallFrame,
  type CallTree,
  handlerName,
  handlerOfFrame,
  type Ownership,
  totalsOf,
} from './call-tree.js';
import type { Room } from './summary.js';

/** Which handlers call a function, with the weight under each. */
type Callers = Map<string, Map<string, number>>;

/** What may stand between the root and a function that goes on after an `await`. */
const BELOW_A_CONTINUATION: readonly Room[] = ['node', 'program'];

/**
 * Says for each node of a thread's trees which handler it ran for.
 *
 * What lies below a handler's frame is that handler's; of several the nearest. After an `await` that frame is gone:
 * the rest of an async function runs from the root. So a user function at the root that also occurs below a
 * handler's frame is that handler's; if below several, it is shared out by the time that it took below each.
 * The trees must be of one thread, because scripts are numbered by thread.
 */
export function attribute(...trees: readonly CallTree[]): void {
  const learned = trees.map(callersIn);
  trees.forEach((tree, own) => {
    // The tree's own weights first: what a function takes and what it allocates need not be in proportion.
    const order = [learned[own] as Callers, ...learned.filter((_, index) => index !== own)];
    assign(tree, (frame) => sharesOf(order.find((callers) => callers.has(keyOf(frame)))?.get(keyOf(frame))));
  });
}

function callersIn(tree: CallTree): Callers {
  const callers: Callers = new Map();
  assign(tree, () => []);
  const totals = totalsOf(tree);
  tree.nodes.forEach(({ frame, code, owners }, index) => {
    const [owner] = owners;
    if (!owner || !isFunctionOfUser(frame, code)) return;
    const known = callers.get(keyOf(frame)) ?? new Map<string, number>();
    callers.set(
      keyOf(frame),
      known.set(owner.handler, (known.get(owner.handler) ?? 0) + (totals[index] ?? 0)),
    );
  });
  return callers;
}

/** @param entry the owners of a function at the root. */
function assign({ nodes }: CallTree, entry: (frame: CallFrame) => readonly Ownership[]): void {
  const atRoot: boolean[] = [];
  nodes.forEach((node, index) => {
    const parent = nodes[node.parent];
    const handler = handlerOfFrame(node.frame);
    const isAtRoot = !parent || (atRoot[node.parent] === true && BELOW_A_CONTINUATION.includes(parent.code));
    atRoot[index] = isAtRoot;
    if (handler) node.owners = [{ handler: handlerName(handler), fraction: 1 }];
    else if (parent && parent.owners.length > 0) node.owners = parent.owners;
    else node.owners = isAtRoot && isFunctionOfUser(node.frame, node.code) ? entry(node.frame) : [];
  });
}

/** Native and generated functions occur everywhere, so they tell nothing about who called. */
function isFunctionOfUser({ url }: CallFrame, code: Room): boolean {
  return code === 'user' && url !== '';
}

function keyOf({ scriptId, lineNumber, columnNumber }: CallFrame): string {
  return `${scriptId}:${lineNumber}:${columnNumber}`;
}

function sharesOf(weights: ReadonlyMap<string, number> | undefined): readonly Ownership[] {
  if (!weights) return [];
  const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
  return [...weights].map(([handler, weight]) => ({
    handler,
    fraction: sum > 0 ? weight / sum : 1 / weights.size,
  }));
}
