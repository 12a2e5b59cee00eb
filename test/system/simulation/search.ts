import type { Counts } from './counts.js';
import { Life } from './life.js';
import { compareLogs } from './same-log.js';
import { Violation } from './violation.js';

/** A life in which something happened that must never happen. */
export interface Failure {
  readonly seed: number;
  readonly step: number;
  readonly error: Error;
  readonly trace: readonly string[];
}

/** What some lives came to. */
export interface Result {
  readonly lives: number;
  readonly steps: number;
  readonly counts: Counts;
  readonly failure: Failure | undefined;
}

/** What a seed is used for: a life with every fault there is, one log told twice in deterministic mode, or both. */
export type Part = 'life' | 'same' | 'both';

/** Lives lives with seeds from `first` on, until one fails or there are `seeds` of them. */
export async function search(
  first: number,
  seeds: number,
  part: Part = 'both',
  onLife = (_lives: number) => {},
): Promise<Result> {
  const counts: Record<string, number> = {};
  let steps = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    const life = new Life(`sim-${seed}`);
    // A promise that nobody looks at is a failure as well; the hook is the life's own.
    let unhandled: Error | undefined;
    const catchUnhandled = (error: unknown) => {
      unhandled ??= error as Error;
    };
    process.on('unhandledRejection', catchUnhandled);
    try {
      const lived: Partial<Counts> = part === 'same' ? {} : await life.live();
      for (const [name, count] of Object.entries(lived)) counts[name] = (counts[name] ?? 0) + count;
      if (part !== 'life') steps += await compareLogs(`same-${seed}`);
      if (unhandled) throw new Error(`unhandled rejection: ${unhandled.message}`);
    } catch (error) {
      const trace = (error instanceof Violation && error.trace) || life.steps.trace;
      const failure = { seed, step: trace.length, error: error as Error, trace };
      return { lives: seed - first + 1, steps, counts: counts as unknown as Counts, failure };
    } finally {
      life.followers.end();
      process.off('unhandledRejection', catchUnhandled);
    }
    steps += life.steps.count;
    onLife(seed - first + 1);
  }
  return { lives: seeds, steps, counts: counts as unknown as Counts, failure: undefined };
}

/** What to say of a failure: what was seen, how it came, how to see it again. */
export function describeFailure({ seed, step, error, trace }: Failure, lines = 60): string {
  return [
    `Seed ${seed}, step ${step}: ${error.message}`,
    ...trace.slice(-lines).map((line) => `  ${line}`),
    `Again: npm run simulate -- --first ${seed} --seeds 1`,
  ].join('\n');
}
