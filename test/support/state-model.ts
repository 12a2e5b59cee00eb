import fc from 'fast-check';
import type { Engine, NewEvent } from 'millrace';
import { openStoreReader } from 'millrace/store';
import { expect } from 'vitest';
import { Doubled, Stepped } from '../handlers/state-events.mjs';
import { collect } from './collect.js';

/** What a step does besides being added up; the first ones end well. */
const GOOD = [undefined, undefined, undefined, 'replaced', 'wait', 'fail-once', 'fail-late-once'] as const;
const BAD = ['fail', 'fail-late', 'fail-second', 'bad', 'off-schema', 'bad-emit'] as const;

/** One event for one key. */
export interface PlannedStep {
  readonly key: number;
  readonly n: number;
  readonly what: 'double' | 'die' | (typeof GOOD)[number] | (typeof BAD)[number];
}

/** Something that happens to an engine. */
export type PlannedAct =
  | { readonly kind: 'publish'; readonly steps: readonly PlannedStep[] }
  | { readonly kind: 'threads'; readonly threads: number }
  | { readonly kind: 'reopen' };

/** @param deadly whether handlers may end their threads. */
export function plannedActs(deadly: boolean): fc.Arbitrary<readonly PlannedAct[]> {
  const what = fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom(...GOOD) },
    { weight: 15, arbitrary: fc.constantFrom(...BAD) },
    { weight: 5, arbitrary: fc.constant('double' as const) },
    { weight: deadly ? 1 : 0, arbitrary: fc.constant('die' as const) },
  );
  const step = fc.record({ key: fc.integer({ min: 0, max: 6 }), n: fc.integer({ min: 1, max: 9 }), what });
  const publish = fc.record({
    kind: fc.constant('publish' as const),
    steps: fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
  });
  const threads = fc.record({
    kind: fc.constant('threads' as const),
    threads: fc.constantFrom(...(deadly ? [1, 2, 4] : [0, 1, 2, 4])),
  });
  const act = fc.oneof(
    { weight: 5, arbitrary: publish },
    { weight: 2, arbitrary: threads },
    { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
  );
  return fc.array(act, { minLength: 2, maxLength: 5 });
}

interface KeyModel {
  sum: number;
  count: number;
  last: number[];
  seen: number;
  isKept: boolean;
  readonly told: { n: number; sum: number; count: number }[];
}

/** What each key's states must be after the steps that were published. */
export class StateModel {
  readonly #keys = new Map<string, KeyModel>();
  #run = 0;

  /** From now on other keys are meant. */
  begin(): void {
    this.#run++;
  }

  /** Takes a step into the model. Returns its event. */
  add({ key: number, n, what }: PlannedStep): NewEvent {
    const key = `r${this.#run}-k${number}`;
    const model = this.#keys.get(key) ?? { sum: 0, count: 0, last: [0], seen: 0, isKept: false, told: [] };
    this.#keys.set(key, model);
    if (what === 'double') {
      if (model.sum * 2 > 1e9) return Doubled({ key });
      model.sum *= 2;
      model.isKept = true;
      return Doubled({ key });
    }
    if (!BAD.some((bad) => bad === what)) {
      model.sum += n;
      model.count++;
      model.last = [...model.last, n].slice(-3);
      model.seen++;
      model.isKept = true;
      model.told.push({ n, sum: model.sum, count: model.count });
    }
    return Stepped({ key, n, ...(what !== undefined && { do: what }) });
  }

  /** What the handlers told of the states of this run's keys must be what it was. */
  async expectTold(engine: Engine): Promise<void> {
    for (const [key, { told }] of this.#keys) {
      if (!key.startsWith(`r${this.#run}-`)) continue;
      const events = await collect(engine, { aggregateId: `told-${key}` });
      expect(events.map(({ data }) => data)).toEqual(told.map((one) => ({ key, ...one })));
    }
  }

  /** What a file has of the keys' states. */
  expectStored(path: string): void {
    using reader = openStoreReader(path);
    const stored = [...reader.states()].map(({ key, name, value }) => [key, name, value]);
    const expected = [...this.#keys].flatMap(([key, { sum, count, last, seen, isKept }]) => [
      ...(isKept ? [[key, 'sum', { sum, count, last }]] : []),
      ...(seen > 0 ? [[key, 'seen', seen]] : []),
    ]);
    expect(stored.sort(byKeyAndName)).toEqual(expected.sort(byKeyAndName));
  }
}

function byKeyAndName(a: readonly unknown[], b: readonly unknown[]): number {
  return `${a[0]} ${a[1]}` < `${b[0]} ${b[1]}` ? -1 : 1;
}
