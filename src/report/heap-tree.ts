import type { CallFrame, CallNode, CallTree } from './call-tree.js';
import { codeOf } from './code-of.js';
import { checkedFrame, isList, isRecord } from './shape.js';

interface ProfileNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly unknown[];
}

/**
 * The call tree of a `.heapprofile`, with bytes allocated at its nodes.
 *
 * @throws TypeError when the value is no heap profile.
 */
export function heapTree(value: unknown): CallTree {
  if (!isRecord(value)) throw new TypeError('It is no object.');
  const nodes: CallNode[] = [];
  const open: { value: unknown; parent: number }[] = [{ value: value.head, parent: -1 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { callFrame: frame, selfSize: self, children } = checked(next.value);
    const { parent } = next;
    const own = nodes.push({ frame, parent, code: codeOf(frame, nodes[parent]), self, owners: [] }) - 1;
    for (const child of children) open.push({ value: child, parent: own });
  }
  return { nodes };
}

function checked(value: unknown): ProfileNode {
  if (!isRecord(value) || typeof value.selfSize !== 'number') throw new TypeError('A node has no size.');
  const { children = [] } = value;
  if (!isList(children)) throw new TypeError('A node has no list of children.');
  return { callFrame: checkedFrame(value.callFrame), selfSize: value.selfSize, children };
}
