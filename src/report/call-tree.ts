import { HANDLER_SCHEME } from '../sampling/session.js';
import type { Room } from './summary.js';

/** A frame as V8's profiles give it. Lines and columns count from 0. */
export interface CallFrame {
  readonly functionName: string;
  readonly scriptId: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

export interface HandlerId {
  readonly module: string;
  readonly type: string;
}

/** A handler with its part of a node, 0 to 1. */
export interface Ownership {
  /** `<module>/<event type>`. */
  readonly handler: string;
  readonly fraction: number;
}

/** One node of a call tree. */
export interface CallNode {
  readonly frame: CallFrame;
  /** Index of the caller's node; -1 for the root. */
  readonly parent: number;
  /** Whose code the frame is, before handlers are known. */
  readonly code: Room;
  /** Milliseconds or bytes of the node itself. */
  self: number;
  /** The handlers that it ran for; empty when for none. */
  owners: readonly Ownership[];
}

/** The call tree of a thread: a node's index is larger than its parent's. */
export interface CallTree {
  readonly nodes: CallNode[];
}

/** A stretch of time in which one node was on top of the stack. */
export interface Stretch {
  readonly node: number;
  micros: number;
}

export interface CpuTree extends CallTree {
  /** In order, without gaps; undefined when there are more than a report can hold. */
  readonly stretches: readonly Stretch[] | undefined;
}

/** The room that a node is shown in: user code that ran for a handler is the handler's. */
export function roomOf({ code, owners }: CallNode): Room {
  return code === 'user' && owners.length > 0 ? 'handler' : code;
}

/** Each node's own weight with that of everything below it. */
export function totalsOf({ nodes }: CallTree): Float64Array {
  const totals = Float64Array.from(nodes, ({ self }) => self);
  for (let index = nodes.length - 1; index > 0; index--) {
    const parent = nodes[index]?.parent ?? -1;
    if (parent >= 0) totals[parent] = (totals[parent] ?? 0) + (totals[index] ?? 0);
  }
  return totals;
}

/** The handler whose frame this is, if it is one. */
export function handlerOfFrame({ url }: CallFrame): HandlerId | undefined {
  if (!url.startsWith(HANDLER_SCHEME)) return undefined;
  const [module = '', type = ''] = url.slice(HANDLER_SCHEME.length).split('/').map(decoded);
  return { module, type };
}

export function handlerName({ module, type }: HandlerId): string {
  return `${module}/${type}`;
}

/** A part of a URL that was not encoded as agreed is shown as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
