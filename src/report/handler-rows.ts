import type { HandledWork, ProfileSession } from '../sampling/session.js';
import { type CallTree, handlerName, handlerOfFrame } from './call-tree.js';
import type { HandlerRow, ThreadSummary } from './summary.js';
import type { ThreadPart } from './thread-part.js';

/** What one handler cost one thread, before it is set against the whole. */
interface Cost {
  readonly handler: string;
  readonly module: string | null;
  readonly type: string;
  readonly thread: string;
  cpuMs: number;
  engineMs: number;
  validationMs: number;
  gcMs: number;
  bytes: number;
  events: number;
  busyMs: number;
}

const MICROS_PER_MS = 1000;

const NOTHING = { cpuMs: 0, engineMs: 0, validationMs: 0, gcMs: 0, bytes: 0, events: 0, busyMs: 0 };

/** The table handler × thread, most CPU time first. */
export function handlerRows(
  parts: readonly ThreadPart[],
  threads: readonly ThreadSummary[],
  session: ProfileSession,
): HandlerRow[] {
  const costs = new CostTable(parts);
  for (const part of parts) costs.sample(part);
  for (const work of session.handled) costs.account(work, threadsOf(work, parts, session));
  const allMs = threads.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const time = ({ cpuMs, busyMs }: HandlerRow) => cpuMs ?? busyMs;
  return costs.all
    .map((cost) => rowOf(cost, parts, threads, allMs))
    .sort((a, b) => time(b) - time(a) || b.busyMs - a.busyMs);
}

/** The threads that a lane's handlers ran on: more than one when the lane's thread was replaced. */
function threadsOf(
  { lane, thread: consumer }: HandledWork,
  parts: readonly ThreadPart[],
  { settings }: ProfileSession,
): string[] {
  if (consumer !== undefined) return [consumer];
  const own = parts.filter(({ thread }) =>
    settings.threads === 0 ? thread.role === 'dispatcher' : thread.role === 'lane' && thread.lane === lane,
  );
  return own.map(({ thread }) => thread.name);
}

class CostTable {
  readonly #costs = new Map<string, Cost>();
  /** Handlers by event type, from the frames of all threads. */
  readonly #handlers = new Map<string, Map<string, string>>();

  constructor(parts: readonly ThreadPart[]) {
    for (const { cpu, heap } of parts) for (const tree of [cpu, heap]) if (tree) this.#learn(tree);
  }

  get all(): readonly Cost[] {
    return [...this.#costs.values()];
  }

  sample({ thread, cpu, heap }: ThreadPart): void {
    const parts = cpu ? engineParts(cpu) : [];
    cpu?.nodes.forEach(({ owners, self, code }, index) => {
      for (const { handler, fraction } of owners) {
        const cost = this.#cost(handler, thread.name);
        cost.cpuMs += self * fraction;
        if (code === 'gc') cost.gcMs += self * fraction;
        if (parts[index] !== undefined) cost.engineMs += self * fraction;
        if (parts[index] === 'validation') cost.validationMs += self * fraction;
      }
    });
    for (const { owners, self } of heap?.nodes ?? []) {
      for (const { handler, fraction } of owners) this.#cost(handler, thread.name).bytes += self * fraction;
    }
  }

  /** Several handlers of one type have handled the same events, and share the accounted time by their samples. */
  account({ type, events, busy }: HandledWork, threads: readonly string[]): void {
    const names = [...(this.#handlers.get(type)?.keys() ?? [type])];
    const costs = names.map((name) => threads.map((thread) => this.#cost(name, thread, type)));
    const byThread = threads.map((_, index) => sum(costs.map((row) => row[index]?.cpuMs ?? 0)));
    const onThreads = shares(byThread);
    threads.forEach((_, index) => {
      const column = costs.flatMap((row) => row[index] ?? []);
      const ofHandlers = shares(column.map(({ cpuMs }) => cpuMs));
      column.forEach((cost, row) => {
        cost.events += Math.round(events * (onThreads[index] ?? 0));
        cost.busyMs += busy * (onThreads[index] ?? 0) * (ofHandlers[row] ?? 0);
      });
    });
  }

  #learn({ nodes }: CallTree): void {
    for (const { frame } of nodes) {
      const id = handlerOfFrame(frame);
      if (!id) continue;
      const names = this.#handlers.get(id.type) ?? new Map<string, string>();
      this.#handlers.set(id.type, names.set(handlerName(id), id.module));
    }
  }

  #cost(handler: string, thread: string, type = this.#typeOf(handler)): Cost {
    const key = JSON.stringify([handler, thread]);
    const known = this.#costs.get(key);
    if (known) return known;
    const module = this.#handlers.get(type)?.get(handler) ?? null;
    const made = { handler, module, type, thread, ...NOTHING };
    this.#costs.set(key, made);
    return made;
  }

  #typeOf(handler: string): string {
    for (const [type, names] of this.#handlers) if (names.has(handler)) return type;
    return handler;
  }
}

function rowOf(
  { handler, module, type, thread, events, busyMs, ...sampled }: Cost,
  parts: readonly ThreadPart[],
  threads: readonly ThreadSummary[],
  allMs: number,
): HandlerRow {
  const part = parts.find((candidate) => candidate.thread.name === thread);
  const own = threads.find(({ name }) => name === thread);
  const cpuMs = part?.cpu ? sampled.cpuMs : null;
  const bytes = part?.heap ? sampled.bytes : null;
  const { engineMs, validationMs } = sampled;
  return {
    handler,
    module,
    type,
    thread,
    cpuMs,
    engineMs: cpuMs === null ? null : engineMs,
    validationMs: cpuMs === null ? null : validationMs,
    threadShare: cpuMs === null ? null : ratio(cpuMs, own?.cpuMs ?? 0),
    totalShare: cpuMs === null ? null : ratio(cpuMs, allMs),
    events,
    microsPerEvent: ratio((cpuMs ?? busyMs) * MICROS_PER_MS, events),
    bytes,
    bytesPerEvent: bytes === null ? null : ratio(bytes, events),
    gcMs: part?.cpu ? sampled.gcMs : null,
    gcShare: cpuMs === null ? null : ratio(sampled.gcMs, cpuMs),
    busyMs,
  };
}

/** Files of ours that stand between a handler's frame and the handler itself: what lies below them is the handler's. */
const AROUND_HANDLERS = /\/src\/(?:kernel\/async-context|lanes\/traced|otel\/lane)\.js$/;

/**
 * For each node whether the engine, or validation for it, ran there on a handler's behalf: at or below a frame of its
 * own that a handler called. User code that it calls, such as a schema's refinement, belongs to that.
 */
function engineParts({ nodes }: CallTree): readonly ('engine' | 'validation' | undefined)[] {
  const parts: ('engine' | 'validation' | undefined)[] = [];
  nodes.forEach(({ frame, code, owners, parent }, index) => {
    const above = handlerOfFrame(frame) || owners.length === 0 ? undefined : parts[parent];
    const isOurs = (code === 'engine' || code === 'validation') && !AROUND_HANDLERS.test(frame.url);
    const own = owners.length > 0 && isOurs ? code : undefined;
    parts[index] = above === 'validation' ? above : (own ?? above);
  });
  return parts;
}

/** Null where there is nothing to divide by. */
function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

function shares(weights: readonly number[]): number[] {
  const total = sum(weights);
  return weights.map((weight) => (total > 0 ? weight / total : 1 / weights.length));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
