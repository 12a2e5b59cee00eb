import { type Engine, type EngineOptions, openEngine } from 'millrace';
import { onTestFinished } from 'vitest';
import { LATE_EVENTS, Old, Seen } from '../handlers/late-events.mjs';
import { handlers } from './open-test-engine.js';
import { tempStore } from './temp-folder.js';

/** Opens a log of `LATE_EVENTS` with some of the modules `late-….mjs`. */
export async function openLate(
  store: string,
  names: readonly string[],
  options: Partial<EngineOptions> = {},
): Promise<Engine> {
  const engine = await openEngine({
    ...{ events: LATE_EVENTS, handlers: names.map((name) => handlers(name)), store, durability: 'os' },
    ...options,
  });
  onTestFinished(() => engine.close().catch(() => {}));
  return engine;
}

/** An event of one of four keys. */
export const old = (number: number, act = 'say') => Old({ key: `k${number % 4}`, number, act });

/** A log whose events the first module has handled, and which is closed. */
export async function oldLog(
  events: readonly ReturnType<typeof Old>[],
  options: Partial<EngineOptions> = {},
  names: readonly string[] = ['late-first'],
): Promise<string> {
  const store = tempStore();
  const engine = await openLate(store, names, { threads: 0, ...options });
  await engine.publishMany(events);
  await engine.drain();
  await engine.close();
  return store;
}

/** What each module has seen, by key, in the order of the log. */
export async function seenIn(engine: Engine): Promise<Record<string, Record<string, number[]>>> {
  await engine.drain();
  const seen: Record<string, Record<string, number[]>> = {};
  for await (const { data } of engine.read({ types: [Seen] })) {
    const { by, key, number } = data as { by: string; key: string; number: number };
    seen[by] ??= {};
    listOf(seen[by], key).push(number);
  }
  return seen;
}

/** The numbers of each key, in order. */
export function byKey(numbers: readonly number[]): Record<string, number[]> {
  const keys: Record<string, number[]> = {};
  for (const number of numbers) listOf(keys, `k${number % 4}`).push(number);
  return keys;
}

function listOf(keys: Record<string, number[]>, key: string): number[] {
  keys[key] ??= [];
  return keys[key];
}
