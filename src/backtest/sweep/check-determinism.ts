import { optionNames, takeOptions } from '../../events/known-options.js';
import { seededNumbers } from '../runs/random.js';
import type { SweepOptions } from './options.js';
import { planSweep } from './plan-sweep.js';
import type { ParameterSet } from './space.js';
import { SWEEP_NAMES, sweep } from './sweep.js';

/** What is swept. It is done in memory, on threads of its own choice, and must know all runs before. */
type DeterminismOptions = Omit<SweepOptions, 'store' | 'threads' | 'search'>;

const { store: _store, threads: _threads, search: _search, ...NAMES } = SWEEP_NAMES;
const OPTIONS = optionNames<DeterminismOptions>('checkDeterminism', NAMES);

/** One sweep of the check. */
export interface DeterminismRun {
  readonly threads: number;
  readonly fingerprint: string;
  readonly failed: number;
}

/** Whether a sweep gives the same log however it is run. */
export interface DeterminismCheck {
  /** Whether all fingerprints are equal. */
  readonly passed: boolean;
  /** Parameter sets of each sweep. */
  readonly sets: number;
  readonly runs: readonly DeterminismRun[];
}

/** Parameter sets that are tried: enough that every lane gets some of each kind. */
const SETS = 24;

const THREADS = [0, 1, 2, 4] as const;

/**
 * Sweeps the same parameter sets on 0, 1, 2 and 4 threads, each time in another order, and compares the fingerprints of
 * the logs. It finds what a strategy keeps from run to run, and chance and clocks that no guard sees.
 *
 * @throws what `sweep` throws.
 */
export async function checkDeterminism(given: DeterminismOptions): Promise<DeterminismCheck> {
  const options = takeOptions(given, OPTIONS);
  const { space, strategy } = await planSweep(options);
  const sets: ParameterSet[] = [];
  for (const set of space?.sets() ?? []) {
    if (sets.length >= SETS) break;
    if (strategy.definition.parameters.safeParse(set).success) sets.push(set);
  }
  const { grid: _grid, random: _random, list: _list, ...rest } = options;
  const runs: DeterminismRun[] = [];
  for (const threads of THREADS) {
    const list = shuffled(sets, threads);
    const { fingerprint, failed } = await sweep({ ...rest, list, threads });
    runs.push({ threads, fingerprint, failed });
  }
  const [first] = runs;
  return {
    passed: runs.every(({ fingerprint }) => fingerprint === first?.fingerprint),
    sets: sets.length,
    runs,
  };
}

function shuffled<Item>(items: readonly Item[], round: number): Item[] {
  const random = seededNumbers(`shuffle ${round}`);
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as Item, result[last] as Item];
  }
  return result;
}
