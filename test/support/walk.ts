import type { DomainEvent, Engine } from 'millrace';
import { expect } from 'vitest';
import { collect, oneTo } from './collect.js';

const ENTRIES = 1 << 20;
const STEP_MASK = (1 << 24) - 1;
/** Numbers that the handlers give to the steps they emit begin here. */
const EMITTED_FROM = 1 << 20;
const KINDS = ['', 'begun', 'done', 'failed'] as const;

/** One line of what the handlers wrote down. */
interface Entry {
  readonly kind: (typeof KINDS)[number];
  readonly step: number;
}

export interface Step {
  readonly walk: string;
  readonly step: number;
}

/** What the handlers of test/handlers/walk.mjs write down, and what must be true of it. */
export class WalkLog {
  readonly shared = { log: new SharedArrayBuffer(4 * (1 + ENTRIES)) };
  readonly #log = new Int32Array(this.shared.log);

  /** Forgets everything; nothing may be in flight. */
  clear(): void {
    Atomics.store(this.#log, 0, 0);
  }

  /**
   * Checks the order of each key, that it had one event at a time, that nothing got lost or ran twice, and that
   * positions and versions have no holes. `published` is what was published, in the order of the calls, and
   * `from` the position before it.
   */
  async check(engine: Engine, published: readonly Step[], from: number): Promise<void> {
    const events = await collect(engine, { fromPosition: from + 1 });
    expect(events.map(({ position }) => position)).toEqual(
      oneTo(engine.stats().lastPosition - from).map((number) => from + number),
    );
    const aggregates = groupBy(events, ({ aggregateId }) => aggregateId);
    for (const [aggregate, own] of aggregates) {
      expect(
        own.map(({ version }) => version),
        `versions of ${aggregate}`,
      ).toEqual(oneTo(own.length));
    }
    const steps = events.filter(({ type }) => type === 'walk.stepped') as DomainEvent<Step>[];
    const walkOf = new Map(steps.map(({ data }) => [data.step, data.walk]));
    expect(walkOf.size, 'steps, none stored twice').toBe(steps.length);
    const ofPublishers = steps.filter(({ data }) => data.step < EMITTED_FROM);
    expect(ofPublishers.map(({ data }) => data.step)).toEqual(published.map(({ step }) => step));
    const entries = groupBy(
      this.#entries(),
      ({ step }) => walkOf.get(step) ?? `step ${step} was never stored`,
    );
    for (const [walk, own] of groupBy(steps, ({ data }) => data.walk)) {
      const order = own.map(({ data }) => data.step);
      checkKey(walk, order, entries.get(walk) ?? []);
      const track = (aggregates.get(`track-${walk}`) ?? []) as DomainEvent<Step>[];
      expect(
        track.map(({ data }) => data.step),
        `what ${walk} emitted`,
      ).toEqual(order);
    }
    expect([...entries.keys()].sort()).toEqual([...new Set(walkOf.values())].sort());
  }

  #entries(): Entry[] {
    const count = Atomics.load(this.#log, 0);
    return Array.from(this.#log.subarray(1, count + 1), (entry) => ({
      kind: KINDS[entry >>> 24] ?? '',
      step: entry & STEP_MASK,
    }));
  }
}

/** One key's handlers began and ended in turn, and each step was done once, in position order. */
function checkKey(walk: string, order: readonly number[], entries: readonly Entry[]): void {
  let running: number | undefined;
  const done: number[] = [];
  for (const { kind, step } of entries) {
    if (kind === 'begun') {
      expect(running, `${walk}: step ${step} began while another one ran`).toBeUndefined();
      expect(step, `${walk}: began out of its order`).toBe(order[done.length]);
      running = step;
    } else {
      expect(step, `${walk}: ended without having begun`).toBe(running);
      running = undefined;
      if (kind === 'done') done.push(step);
    }
  }
  expect(done, `${walk}: steps done`).toEqual(order);
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
