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

const MICROS_PER_MS = 1000;

/** Two profiles a thread: its time, and what it allocated. */
export function speedscopeFile(name: string, parts: readonly ThreadPart[]): SpeedscopeFile {
  const frames = new FrameTable();
  const profiles = parts.flatMap(({ thread, cpu, heap }) => [
    ...(cpu ? [timeProfile(thread.name, cpu, frames)] : []),
    ...(heap ? [summed(`${thread.name} allocations`, 'bytes', heap, sizesOf(heap), frames)] : []),
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

function sizesOf({ nodes }: CallTree): readonly number[] {
  return nodes.map(({ self }) => self);
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

function timeProfile(name: string, tree: CpuTree, frames: FrameTable): SampledProfile {
  if (!tree.stretches) {
    const micros = tree.nodes.map(({ self }) => self * MICROS_PER_MS);
    return summed(`${name}, summed up`, 'microseconds', tree, micros, frames);
  }
  const stackOf = stacksOf(tree, frames);
  const samples = tree.stretches.map(({ node }) => stackOf(node));
  return sampled(
    name,
    'microseconds',
    samples,
    tree.stretches.map(({ micros }) => micros),
  );
}

/** Each stack once, with all of its weight. */
function summed(
  name: string,
  unit: SampledProfile['unit'],
  tree: CallTree,
  weights: readonly number[],
  frames: FrameTable,
): SampledProfile {
  const stackOf = stacksOf(tree, frames);
  const own = weights.flatMap((weight, node) => (weight > 0 ? [{ weight, stack: stackOf(node) }] : []));
  return sampled(
    name,
    unit,
    own.map(({ stack }) => stack),
    own.map(({ weight }) => weight),
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
