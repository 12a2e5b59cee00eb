import { optionNames, takeOptions } from '../../events/known-options.js';
import { InvalidOptionError } from '../../kernel/errors.js';
import {
  PROFILE_INTERVAL_MICROS,
  PROFILE_INTERVAL_MICROS_MAX,
  PROFILE_INTERVAL_MICROS_MIN,
  PROFILE_SECONDS,
  PROFILE_SECONDS_MAX,
} from '../../limits.js';

/** How to profile an engine. */
export interface ProfileOptions {
  /** How long, in seconds, up to an hour. Default 10; with a `signal` alone, until that is aborted. */
  readonly seconds?: number;
  /** Ends the profile when it is aborted; what was recorded until then is reported. */
  readonly signal?: AbortSignal;
  /** Folder for the report and the profiles; it is made if need be. Default `profile/<instant>`. */
  readonly directory?: string;
  /** Whether to replace files in the folder that are of no earlier profile, and to follow a link to it. Default false. */
  readonly force?: boolean;
  /** Whether to sample where the threads spend their time. Default true. */
  readonly cpu?: boolean;
  /** Whether to sample what the threads allocate. Default true. */
  readonly heap?: boolean;
  /** Microseconds between two CPU samples, from 50 to 100,000. Default 1,000. */
  readonly intervalMicros?: number;
}

export interface CheckedProfileOptions {
  readonly seconds: number;
  readonly signal: AbortSignal | undefined;
  readonly directory: string;
  readonly force: boolean;
  readonly cpu: boolean;
  readonly heap: boolean;
  readonly intervalMicros: number;
}

const PROFILE = optionNames<ProfileOptions>('profile', {
  seconds: true,
  signal: true,
  directory: true,
  force: 'boolean',
  cpu: 'boolean',
  heap: 'boolean',
  intervalMicros: true,
});

/** @throws InvalidOptionError */
export function checkProfileOptions(given: ProfileOptions): CheckedProfileOptions {
  const options = takeOptions(given, PROFILE);
  const { signal, force = false, cpu = true, heap = true } = options;
  const { intervalMicros = PROFILE_INTERVAL_MICROS } = options;
  const { seconds = signal ? PROFILE_SECONDS_MAX : PROFILE_SECONDS } = options;
  const { directory = `profile/${new Date().toISOString().replace(/[:.]/g, '-')}` } = options;
  within('seconds', seconds, 0, PROFILE_SECONDS_MAX);
  within('intervalMicros', intervalMicros, PROFILE_INTERVAL_MICROS_MIN, PROFILE_INTERVAL_MICROS_MAX);
  if (typeof directory !== 'string' || directory === '') {
    throw new InvalidOptionError('Option directory of profile must be the path of a folder.');
  }
  return { seconds, signal, directory, force, cpu, heap, intervalMicros };
}

function within(name: string, value: unknown, low: number, high: number): void {
  if (typeof value === 'number' && value >= low && value <= high) return;
  throw new InvalidOptionError(
    `Option ${name} of profile must be a number from ${low} to ${high}, not ${String(value)}.`,
  );
}
