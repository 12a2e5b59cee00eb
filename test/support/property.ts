import fc from 'fast-check';

const given = process.env.MILLRACE_SEED;

/** The seed of every property in this process: MILLRACE_SEED, or a new one that is printed. */
export const SEED = given === undefined ? Math.floor(Math.random() * 0x7fff_ffff) : Number(given);

if (given === undefined) console.info(`Properties run with MILLRACE_SEED=${SEED}.`);

/** A random search of `npm test` is so many times shorter than the whole one of `npm run test:thorough`. */
const USUAL_PART = 3;

/**
 * How many rounds of a random search to run, given those of the whole one. Each run of the suite takes another seed, so
 * that what one leaves out another one has.
 */
export function rounds(whole: number, part = USUAL_PART): number {
  return process.env.MILLRACE_THOROUGH === '1' ? whole : Math.ceil(whole / part);
}

/** A run that takes longer hangs: it fails then, instead of taking the whole test file with it. */
const RUN_MILLISECONDS = 15_000;

export interface CheckOptions {
  /** Of the whole search; `npm test` runs a part of them. */
  readonly runs: number;
  /** How many times fewer `npm test` runs. @default 3 */
  readonly part?: number;
  /**
   * Whether a failure is looked for in smaller examples. Not where the runs share an engine: the first failure
   * may have broken it for all later ones.
   */
  readonly shrink?: boolean;
}

/** Checks a property; a failure names the seed that brings it back. */
export async function checkProperty<Values>(
  property: fc.IRawProperty<Values>,
  { runs, part = USUAL_PART, shrink = true }: CheckOptions,
): Promise<void> {
  const details = await fc.check(property, {
    seed: SEED,
    numRuns: rounds(runs, part),
    timeout: RUN_MILLISECONDS,
    endOnFailure: !shrink,
  });
  if (!details.failed) return;
  const report = await fc.asyncDefaultReportMessage(details);
  throw new Error(`MILLRACE_SEED=${SEED} brings this back.\n${report}`, { cause: details.errorInstance });
}
