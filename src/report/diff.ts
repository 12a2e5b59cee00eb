import { knownOptions, optionNames } from '../events/known-options.js';
import { InvalidOptionError } from '../kernel/errors.js';
import { PROFILE_DIFF_THRESHOLD } from '../limits.js';
import type { ProfileChange, ProfileDiff } from './change.js';
import { diffText } from './diff-text.js';
import { type Figure, figuresOf, namesOf } from './figures.js';
import { inProfile, readJson } from './read-json.js';
import { REPORT_FILES } from './report-files.js';
import { isList, isRecord } from './shape.js';
import type { ProfileSummary } from './summary.js';

/** Options of `diffProfiles`. */
export interface DiffOptions {
  /** Change that counts, as a share from 0 up. Default 0.1: a tenth. */
  readonly threshold?: number;
}

const DIFF = optionNames<DiffOptions>('diffProfiles', { threshold: true });

/**
 * Compares two profiles: what a handler costs per event, throughput, and how busy the threads are.
 *
 * @param before folder of a profile, with its `summary.json`.
 * @param after folder of the other one.
 * @throws InvalidOptionError, and InputError when a folder holds no summary that can be read.
 */
export async function diffProfiles(
  before: string,
  after: string,
  options: DiffOptions = {},
): Promise<ProfileDiff> {
  const { threshold = PROFILE_DIFF_THRESHOLD } = knownOptions(options, DIFF);
  if (!Number.isFinite(threshold) || threshold < 0) {
    throw new InvalidOptionError(
      `Option threshold of diffProfiles must be a number from 0 up, such as 0.1, not ${String(threshold)}.`,
    );
  }
  const summaries = [readSummary(before), readSummary(after)] as const;
  const names = namesOf(...summaries);
  const [old, fresh] = [figuresOf(summaries[0], names), figuresOf(summaries[1], names)];
  const keys = [...new Set([...old.keys(), ...fresh.keys()])];
  const changes = keys
    .map((key) => changeOf(old.get(key), fresh.get(key), threshold))
    .sort((a, b) => sizeOf(b) - sizeOf(a) || (a.subject < b.subject ? -1 : 1));
  const regressions = changes.filter(({ isWorse }) => isWorse);
  const diff = { before, after, threshold, changes, regressions };
  return { ...diff, text: diffText(diff) };
}

function changeOf(before: Figure | undefined, after: Figure | undefined, threshold: number): ProfileChange {
  const { what, subject } = (before ?? after) as Figure;
  const [old, fresh] = [before?.value ?? null, after?.value ?? null];
  const change = old === null || fresh === null ? null : difference(what, old, fresh);
  const loss = what === 'busy-share' ? 0 : what === 'throughput' ? -(change ?? 0) : (change ?? 0);
  return {
    what,
    subject,
    before: old,
    after: fresh,
    change,
    isWorse: loss > threshold,
    isBetter: -loss > threshold,
  };
}

function difference(what: ProfileChange['what'], before: number, after: number): number | null {
  if (what === 'busy-share') return after - before;
  if (before === after) return 0;
  return before > 0 ? after / before - 1 : null;
}

function sizeOf({ change }: ProfileChange): number {
  return change === null ? -1 : Math.abs(change);
}

function readSummary(directory: string): ProfileSummary {
  const value = readJson(
    inProfile(directory, REPORT_FILES.summary),
    ({ handlers, threads, throughput }) => isList(handlers) && isList(threads) && isRecord(throughput),
    'no summary of version 1. Name a folder that a profile was written to, by this version of Millrace.',
  );
  return value as unknown as ProfileSummary;
}
