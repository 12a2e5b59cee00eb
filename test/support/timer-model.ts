import fc from 'fast-check';

/** Something that a handler does; what a timer or an emitted event does is nested. */
export type PlannedTimerAct =
  | { readonly set: string; readonly at: number; readonly acts?: readonly PlannedTimerAct[] }
  | { readonly cancel: string }
  | { readonly tell: string }
  | { readonly lead: readonly PlannedTimerAct[] };

export interface PlannedEvent {
  readonly key: string;
  readonly occurredAt: number;
  readonly acts: readonly PlannedTimerAct[];
  readonly end: string | undefined;
}

const ENDS = [undefined, undefined, undefined, 'slow', 'slow', 'throw', 'throw-once', 'throw-late'] as const;

function actsUpTo(depth: number): fc.Arbitrary<readonly PlannedTimerAct[]> {
  const name = fc.constantFrom('x', 'y', 'z');
  const nested = depth === 0 ? fc.constant([]) : actsUpTo(depth - 1);
  const at = fc.integer({ min: 0, max: 120 });
  const act: fc.Arbitrary<PlannedTimerAct> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ set: name, at, acts: nested }) },
    { weight: 2, arbitrary: fc.record({ cancel: name }) },
    { weight: 2, arbitrary: fc.record({ tell: fc.constantFrom('here', 'there') }) },
    { weight: depth === 0 ? 0 : 1, arbitrary: fc.record({ lead: nested }) },
  );
  return fc.array(act, { maxLength: 3 });
}

/** Events of three keys; their times go up, but for some that are behind. */
export const plannedEvents: fc.Arbitrary<readonly PlannedEvent[]> = fc
  .array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      step: fc.integer({ min: -6, max: 12 }),
      acts: actsUpTo(2),
      end: fc.constantFrom(...ENDS),
    }),
    { minLength: 5, maxLength: 30, size: 'max' },
  )
  .map((events) => {
    let time = 0;
    return events.map(({ step, ...event }) => {
      time = Math.max(0, time + step);
      return { ...event, occurredAt: time };
    });
  });

/** The same events of other keys, so much later. */
export function shifted(events: readonly PlannedEvent[], prefix: string, time: number): PlannedEvent[] {
  return events.map(({ key, occurredAt, acts, end }) => ({
    key: `${prefix}-${key}`,
    occurredAt: occurredAt + time,
    acts: acts.map((act) => later(act, time)),
    end,
  }));
}

function later(act: PlannedTimerAct, time: number): PlannedTimerAct {
  if ('lead' in act) return { lead: act.lead.map((one) => later(one, time)) };
  if (!('set' in act)) return act;
  return { set: act.set, at: act.at + time, acts: (act.acts ?? []).map((one) => later(one, time)) };
}

interface ModelTimer {
  readonly at: number;
  readonly order: number;
  readonly acts: readonly PlannedTimerAct[];
}

/**
 * What must become of events in deterministic mode, one at a time: before an event of a key come its timers that were due
 * by the time of that event or of an earlier one, each with all that it leads to.
 */
export function toldBy(events: readonly PlannedEvent[]): Record<string, string[]> {
  const keys = new Map<string, ModelKey>();
  let now = Number.NEGATIVE_INFINITY;
  for (const { key: name, occurredAt, acts, end } of events) {
    now = Math.max(now, occurredAt);
    const key = keys.get(name) ?? new ModelKey();
    keys.set(name, key);
    key.ring(now);
    if (end !== 'throw' && end !== 'throw-late') key.handle(acts);
  }
  for (const key of keys.values()) key.ring(now);
  return Object.fromEntries([...keys].map(([name, { told }]) => [name, told]));
}

class ModelKey {
  readonly told: string[] = [];
  readonly #timers = new Map<string, ModelTimer>();
  #order = 0;

  ring(now: number): void {
    while (true) {
      const due = [...this.#timers].filter(([, { at }]) => at <= now);
      const [first] = due.sort(([, a], [, b]) => a.at - b.at || a.order - b.order);
      if (!first) return;
      const [name, { acts }] = first;
      this.#timers.delete(name);
      this.told.push(`${name} rang`);
      this.handle(acts);
    }
  }

  /** Handles an event and those that it emits, in their order. */
  handle(acts: readonly PlannedTimerAct[]): void {
    const queue = [acts];
    for (const next of queue) {
      for (const act of next) {
        if ('tell' in act) this.told.push(act.tell);
        else if ('lead' in act) queue.push(act.lead);
        else if ('cancel' in act) this.#timers.delete(act.cancel);
        else this.#timers.set(act.set, { at: act.at, order: this.#order++, acts: act.acts ?? [] });
      }
    }
  }
}
