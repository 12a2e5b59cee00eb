import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from './temp-folder.js';

/** A frame of a planted stack: function, file, line. */
export type Frame = readonly [name: string, url: string, line: number];

/** What ran, for how long; the root is left out, the innermost function comes last. */
export type Sample = readonly [stack: readonly Frame[], milliseconds: number];

export const handler = (module: string, type: string): Frame => [
  `${module}·${type}`,
  `millrace-handler:${encodeURIComponent(module)}/${encodeURIComponent(type)}`,
  0,
];
export const user = (name: string, line = 10): Frame => [name, 'file:///app/handlers.mjs', line];
export const node = (name: string): Frame => [name, 'node:internal/process/task_queues', 5];
export const engine = (name: string): Frame => [name, ENGINE_FILE, 7];
export const GC: Frame = ['(garbage collector)', '', -1];
export const IDLE: Frame = ['(idle)', '', -1];
export const PROGRAM: Frame = ['(program)', '', -1];

const ENGINE_FILE = new URL('../../dist/src/lanes/call-handlers.js', import.meta.url).href;

/** Tells frames apart as V8 does: by script, line and column. */
function callFrame([functionName, url, lineNumber]: Frame) {
  return { functionName, url, scriptId: url === '' ? '0' : `id of ${url}`, lineNumber, columnNumber: 3 };
}

/** Stacks as a tree whose nodes are made once for each path. */
class Paths {
  readonly nodes = [{ id: 1, callFrame: callFrame(['(root)', '', -1]), children: [] as number[] }];
  readonly #ids = new Map<string, number>();

  idOf(stack: readonly Frame[]): number {
    let parent = 1;
    stack.forEach((frame, depth) => {
      const path = JSON.stringify(stack.slice(0, depth + 1));
      const known = this.#ids.get(path);
      if (known === undefined) {
        const id = this.nodes.push({ id: this.nodes.length + 1, callFrame: callFrame(frame), children: [] });
        this.nodes[parent - 1]?.children.push(id);
        this.#ids.set(path, id);
      }
      parent = known ?? this.nodes.length;
    });
    return parent;
  }
}

/** A `.cpuprofile` in which a sample lasts until the next one. */
export function cpuProfile(samples: readonly Sample[]) {
  const paths = new Paths();
  const startTime = 1_000_000;
  const lengths = samples.map(([, milliseconds]) => milliseconds * 1000);
  return {
    startTime,
    endTime: startTime + lengths.reduce((sum, length) => sum + length, 0),
    samples: samples.map(([stack]) => paths.idOf(stack)),
    timeDeltas: [0, ...lengths.slice(0, -1)],
    nodes: paths.nodes,
  };
}

interface HeapNode {
  readonly callFrame: ReturnType<typeof callFrame>;
  selfSize: number;
  readonly id: number;
  readonly children: HeapNode[];
}

/** A `.heapprofile` with the bytes that each stack allocated. */
export function heapProfile(allocations: readonly Sample[]) {
  const paths = new Paths();
  const sizes = new Map<number, number>();
  for (const [stack, bytes] of allocations) sizes.set(paths.idOf(stack), bytes);
  const build = (id: number): HeapNode => {
    const { callFrame: frame, children } = paths.nodes[id - 1] as (typeof paths.nodes)[number];
    return { callFrame: frame, selfSize: sizes.get(id) ?? 0, id, children: children.map(build) };
  };
  return { head: build(1), samples: [] };
}

export interface PlantedThread {
  readonly name: string;
  readonly role: 'dispatcher' | 'lane' | 'writer' | 'checkpointer';
  readonly lane?: number;
  readonly cpu?: readonly Sample[];
  readonly heap?: readonly Sample[];
  readonly missing?: string;
  readonly active?: number;
}

export const lane = (number: number, cpu: readonly Sample[], heap?: readonly Sample[]): PlantedThread => ({
  name: `lane-${number}`,
  role: 'lane',
  lane: number,
  cpu,
  ...(heap && { heap }),
});

/** A session of one second, with what a test says otherwise. */
export function plant(
  threads: readonly PlantedThread[],
  { settings, ...others }: Readonly<Record<string, unknown>> = {},
): string {
  const directory = tempFolder();
  const put = (name: string, value: object) => writeFileSync(join(directory, name), JSON.stringify(value));
  const session = {
    version: 1,
    startedAt: '2026-01-02T03:04:05.678Z',
    duration: 1000,
    node: 'v20.20.2',
    cpu: 'A processor',
    cores: 4,
    settings: {
      ...{ cpu: true, heap: true, intervalMicros: 1000, threads: 2, concurrency: 1, durability: 'disk' },
      maxInFlight: 1000,
      ...(settings as object | undefined),
    },
    threads: threads.map(({ cpu, heap, ...thread }) => {
      if (cpu) put(`${thread.name}.cpuprofile`, cpuProfile(cpu));
      if (heap) put(`${thread.name}.heapprofile`, heapProfile(heap));
      return {
        ...thread,
        ...(cpu && { cpuProfile: `${thread.name}.cpuprofile` }),
        ...(heap && { heapProfile: `${thread.name}.heapprofile` }),
        memory: [
          { at: 0, heapUsed: 4_000_000, external: 1_000_000 },
          { at: 1000, heapUsed: 6_000_000, external: 1_500_000 },
        ],
      };
    }),
    handled: [],
    spans: [],
    spansLeftOut: 0,
    queues: [{ at: 10, inFlight: 100, maxInFlight: 1000, waiting: 0, lanes: [50, 50], walBytes: 4096 }],
    hotKeys: [],
    counts: { published: 1000, durable: 1000, handled: 1000, failed: 0, laneDeaths: 0 },
    ...others,
  };
  put('session.json', session);
  return directory;
}
