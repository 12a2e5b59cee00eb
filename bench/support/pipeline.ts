import { join } from 'node:path';
import type { Durability, Engine, NewEvent } from 'millrace';
import { openEngine } from 'millrace';
import { makeNotedOrder, makeOrder, OrderNoted, OrderPlaced, type PayloadName } from './events.js';
import { drawKeys, type KeyPlan, keyNames } from './keys.js';
import { makeSums } from './sums.js';

/** How a contestant's engine is set up. */
export interface EnginePlan {
  readonly durability: Durability;
  readonly threads: number;
  readonly validate: 'publish' | 'off';
  /** Module of `bench/handlers`. Default: `count`. */
  readonly handlers?: 'count' | 'state';
}

/** What is published in a run. */
export interface LoadPlan {
  readonly events: number;
  readonly warmup: number;
  readonly keys: KeyPlan;
  readonly payload: PayloadName;
}

/** An engine with the counting handler, and the sums it writes. */
export async function openCounting(
  plan: EnginePlan,
  directory: string,
  store = join(directory, 'store.db'),
): Promise<{ readonly engine: Engine; readonly sums: Float64Array; readonly store: string }> {
  const sums = makeSums();
  const engine = await openEngine({
    durability: plan.durability,
    ...(plan.durability !== 'memory' && { store }),
    threads: plan.threads,
    validate: plan.validate,
    events: [OrderPlaced, OrderNoted],
    handlers: [new URL(`../handlers/${plan.handlers ?? 'count'}.handlers.js`, import.meta.url)],
    shared: { sums },
  });
  return { engine, sums, store };
}

/** Makes events while they are published, as a program does: there is never an array of all of them. */
export function* orders(
  names: readonly string[],
  keys: Uint32Array,
  payload: PayloadName,
): Generator<NewEvent> {
  for (let index = 0; index < keys.length; index++) {
    const name = names[keys[index] as number] as string;
    yield payload === 'small' ? OrderPlaced(makeOrder(name, index)) : OrderNoted(makeNotedOrder(name, index));
  }
}

/** Publishes a load's warm-up on keys of its own, so that a run pays for the names of its keys itself. */
export async function warmUp(engine: Engine, { warmup, payload }: LoadPlan): Promise<void> {
  const plan: KeyPlan = { kind: 'uniform', keys: 100 };
  await engine.publishMany(orders(keyNames(plan, 'warm'), drawKeys(plan, warmup, 7), payload), {
    until: 'handled',
  });
}
