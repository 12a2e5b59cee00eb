import type { CallFrame, CallTree, CpuTree } from './call-tree.js';
import type { ThreadPart } from './thread-part.js';

/** A file of https://www.speedscope.app: all threads in one. */
export interface SpeedscopeFile {
  readonly $schema: 'https://www.speedscope.app/file-format-schema.json';
  readonly name: string;
  readonly exporter: string;
  readonly activeProfileIndex: number;
  readonly shared: { readonly frames: readonly SpeedscopeFrame[] };
  readonly profiles: readonly SampledProfile[];
}

export interface SpeedscopeFrame {
  readonly name: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly col?: number;
}

export interface SampledProfile {
  readonly type: 'sampled';
  readonly name: string;
  readonly unit: 'microseconds' | 'bytes';
  readonly startValue: number;
  readonly endValue: number;
  /** Stacks as indexes of frames, the root first. */
  readonly samples: readonly (readonly number[])[];
  readonly weights: readonly number[];
}

/** Two profiles a thread: its time, and what it allocated. */
export function speedscopeFile(name: string, parts: readonly ThreadPart[]): SpeedscopeFile {
  const frames = new FrameTable();
  const profiles = parts.flatMap(({ thread, cpu, heap }) => [
    ...(cpu ? [timeProfile(thread.name, cpu, frames)] : []),
    ...(heap ? [allocationProfile(`${thread.name} allocations`, heap, frames)] : []),
  ]);
  return {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    name,
    exporter: 'millrace',
    activeProfileIndex: 0,
    shared: { frames: frames.frames },
    profiles,
  };
}

class FrameTable {
  readonly frames: SpeedscopeFrame[] = [];
  readonly #known = new Map<string, number>();

  indexOf({ functionName, url, lineNumber, columnNumber }: CallFrame): number {
    const key = JSON.stringify([functionName, url, lineNumber, columnNumber]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = functionName === '' ? '(anonymous)' : functionName;
    const place = lineNumber < 0 ? {} : { line: lineNumber + 1, col: columnNumber + 1 };
    const index = this.frames.push({ name, ...(url !== '' && { file: url, ...place }) }) - 1;
    this.#known.set(key, index);
    return index;
  }
}

function timeProfile(name: string, { nodes, stretches }: CpuTree, frames: FrameTable): SampledProfile {
  const stackOf = stacksOf({ nodes }, frames);
  const samples: (readonly number[])[] = [];
  const weights: number[] = [];
  let last = -1;
  for (const { node, micros } of stretches) {
    if (node === last) weights.push((weights.pop() ?? 0) + micros);
    else {
      samples.push(stackOf(node));
      weights.push(micros);
    }
    last = node;
  }
  return sampled(name, 'microseconds', samples, weights);
}

function allocationProfile(name: string, tree: CallTree, frames: FrameTable): SampledProfile {
  const stackOf = stacksOf(tree, frames);
  const own = tree.nodes.flatMap(({ self }, node) => (self > 0 ? [{ self, stack: stackOf(node) }] : []));
  return sampled(
    name,
    'bytes',
    own.map(({ stack }) => stack),
    own.map(({ self }) => self),
  );
}

function sampled(
  name: string,
  unit: SampledProfile['unit'],
  samples: SampledProfile['samples'],
  weights: readonly number[],
): SampledProfile {
  const endValue = weights.reduce((sum, weight) => sum + weight, 0);
  return { type: 'sampled', name, unit, startValue: 0, endValue, samples, weights };
}

/** Stacks without the root, which every stack has. Each is made once. */
function stacksOf({ nodes }: CallTree, frames: FrameTable): (node: number) => readonly number[] {
  const made = new Map<number, readonly number[]>();
  return (node) => {
    const known = made.get(node);
    if (known) return known;
    const stack: number[] = [];
    for (let at = node; at >= 0; at = nodes[at]?.parent ?? -1) {
      const entry = nodes[at];
      if (entry && (entry.parent >= 0 || at === node)) stack.push(frames.indexOf(entry.frame));
    }
    made.set(node, stack.reverse());
    return stack;
  };
}
