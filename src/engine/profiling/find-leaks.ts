import { knownOptions, optionNames } from '../../events/known-options.js';
import { isWhole } from '../../kernel/check.js';
import { InvalidOptionError } from '../../kernel/errors.js';
import { field } from '../../kernel/thrown.js';
import { LEAK_GROWTH_MIN, LEAK_ROUNDS_MAX } from '../../limits.js';
import type { ConstructorCount } from '../../sampling/heap-objects.js';
import type { Engine } from '../engine.js';

/** A constructor whose objects became more in every round of the same load. */
export interface Leak {
  /** `dispatcher`, `lane-0`, `writer`. */
  readonly thread: string;
  readonly constructorName: string;
  /** Objects after each round, in order. */
  readonly counts: readonly number[];
  /** Bytes of the objects themselves that a round leaves behind, as a mean. */
  readonly bytesPerRound: number;
}

/** How to look for leaks. */
export interface FindLeaksOptions {
  /** Rounds that are compared, from 2 to 20; one more runs before, to fill caches. Default 3. */
  readonly rounds?: number;
}

const FIND_LEAKS = optionNames<FindLeaksOptions>('findLeaks', { rounds: true });

/**
 * Runs the same load several times and says which constructors have more objects after every round, on any thread:
 * what is kept for ever grows each time, what is a cache or waits to be collected does not.
 *
 * @param load publishes the load; the engine is drained after it.
 * @throws InvalidOptionError, HeapTooLargeError, and what `load` throws.
 */
export async function findLeaks(
  engine: Engine,
  load: (round: number) => unknown,
  options: FindLeaksOptions = {},
): Promise<readonly Leak[]> {
  const { rounds = 3 } = knownOptions(options, FIND_LEAKS);
  if (typeof field(engine, 'countObjects') !== 'function' || typeof load !== 'function') {
    throw new InvalidOptionError(
      'findLeaks takes an engine and a function that publishes the load: findLeaks(engine, (round) => …).',
    );
  }
  if (!isWhole(rounds, 2, LEAK_ROUNDS_MAX)) {
    throw new InvalidOptionError(
      `Option rounds must be a whole number from 2 to ${LEAK_ROUNDS_MAX}, not ${rounds}.`,
    );
  }
  const readings: ReadonlyMap<string, readonly ConstructorCount[]>[] = [];
  for (let round = 0; round <= rounds; round++) {
    await load(round);
    await engine.drain();
    readings.push(await engine.countObjects());
  }
  const [first] = readings;
  return [...(first?.keys() ?? [])]
    .flatMap((thread) =>
      grown(
        thread,
        readings.slice(1).map((reading) => reading.get(thread) ?? []),
      ),
    )
    .sort((a, b) => b.bytesPerRound - a.bytesPerRound);
}

function grown(thread: string, rounds: readonly (readonly ConstructorCount[])[]): Leak[] {
  const byName = rounds.map((counts) => new Map(counts.map((count) => [count.name, count])));
  return [...(byName.at(-1)?.keys() ?? [])].flatMap((name) => {
    const series = byName.map((counts) => counts.get(name));
    const counts = series.map((entry) => entry?.count ?? 0);
    const steps = counts.slice(1).map((count, index) => count - (counts[index] as number));
    if (!steps.every((step) => step >= LEAK_GROWTH_MIN)) return [];
    const bytes = (series.at(-1)?.bytes ?? 0) - (series[0]?.bytes ?? 0);
    return [{ thread, constructorName: name, counts, bytesPerRound: bytes / steps.length }];
  });
}
