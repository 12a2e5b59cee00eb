import { makeRandom } from './keys.js';

/**
 * Real arithmetic, not a wait for the clock: a spinning clock would make two threads on one core look like two
 * cores. The result depends on every round, so that no compiler leaves one out; `| 0` keeps the state an integer,
 * or some numbers of rounds would run at half the speed of others.
 */
export function work(rounds: number): number {
  let state = rounds | 1;
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + round) | 0;
    total = total * 0.5 + Math.sqrt(state >>> 0);
  }
  return Math.floor(total);
}

/** Rounds that take about `micros`: the fastest of many tries, because whatever disturbs only slows. */
export function calibrate(micros: number): number {
  const rounds = 20_000;
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 300; attempt++) {
    const started = performance.now();
    work(rounds);
    best = Math.min(best, performance.now() - started);
  }
  return Math.round((rounds * micros) / (best * 1000));
}

/** How work is spread over keys. `skewed`: a key's events cost up to 20 times another's; `hot`: half of all events have one key. */
export type Spread = 'even' | 'skewed' | 'hot';

/** What every contestant of the offload bench is told. */
export interface WorkPlan {
  readonly spread: Spread;
  readonly events: number;
  readonly warmup: number;
  readonly rounds: number;
}

export interface WorkOrder {
  readonly key: string;
  readonly rounds: number;
}

export const WORK_KEYS = 100;
const STEEPEST = 20;
const LIGHT_ORDERS = 40_000;

/** The events of a plan. Their mean cost is `rounds`, whatever the spread. */
export function workOrders({ spread, rounds }: WorkPlan, count: number): WorkOrder[] {
  const random = makeRandom(11);
  const unit = rounds / ((1 + STEEPEST) / 2);
  return Array.from({ length: count }, () => {
    const key = spread === 'hot' && random() < 0.5 ? 0 : Math.floor(random() * WORK_KEYS);
    const cost = spread === 'skewed' ? unit * (1 + (key % STEEPEST)) : rounds;
    return { key: `work-${key}`, rounds: Math.round(cost) };
  });
}

/**
 * Orders that warm a contestant up: first many light ones, because the engine's own code is compiled only after
 * thousands of events, then real ones, from which a lane learns what an event costs.
 */
export function warmOrders(plan: WorkPlan): WorkOrder[] {
  const light = Array.from({ length: LIGHT_ORDERS }, (_, index) => ({
    key: `work-${index % WORK_KEYS}`,
    rounds: 1,
  }));
  return [...light, ...workOrders(plan, plan.warmup)];
}

/** The sum that a run must end with. */
export function expectedWork(orders: readonly WorkOrder[]): number {
  const results = new Map<number, number>();
  let sum = 0;
  for (const { rounds } of orders) {
    let result = results.get(rounds);
    if (result === undefined) {
      result = work(rounds);
      results.set(rounds, result);
    }
    sum += result;
  }
  return sum;
}
