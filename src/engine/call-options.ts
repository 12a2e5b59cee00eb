import { knownOptions, optionNames, takeOptions } from '../events/known-options.js';
import { checkUntil } from './check-options.js';
import type { ExpectedVersion } from './intake/expected-version.js';
import type { PublishOptions, ReadOptions } from './options.js';
import { ANYWAY, type OwnReadOptions } from './reading/read.js';

/** Options of `append`. */
export interface AppendOptions extends PublishOptions {
  /**
   * The version that the aggregate must be at: a number; `none` or 0 when it must not exist, `exists` when it must,
   * whatever its version. Default `any`.
   */
  readonly expectedVersion?: ExpectedVersion | undefined;
}

/** Options of `drain`. */
export interface DrainOptions {
  /** Ends the waiting with its reason; the events go on. */
  readonly signal?: AbortSignal;
}

const PUBLISH = optionNames<PublishOptions>('publish', { until: true, signal: true });

const APPEND = optionNames<AppendOptions>('append', { expectedVersion: true, until: true, signal: true });

const DRAIN = optionNames<DrainOptions>('drain', { signal: true });

const READ = optionNames<ReadOptions>('read', {
  aggregateId: true,
  fromVersion: true,
  toVersion: true,
  fromPosition: true,
  toPosition: true,
  types: true,
  limit: true,
  direction: true,
  signal: true,
});

/** The options of a call, when they are known and, as far as that is looked at here, in their range. */
export const checked = {
  /** @throws InvalidOptionError */
  publish(options: PublishOptions): PublishOptions {
    knownOptions(options, PUBLISH);
    if (options.until !== undefined) checkUntil(options.until);
    return options;
  },

  /** @throws InvalidOptionError */
  append(options: AppendOptions): AppendOptions {
    knownOptions(options, APPEND);
    if (options.until !== undefined) checkUntil(options.until);
    return options;
  },

  /** @throws InvalidOptionError */
  drain: (options: DrainOptions): DrainOptions => knownOptions(options, DRAIN),

  /** @throws InvalidOptionError */
  read(options: OwnReadOptions): OwnReadOptions {
    const taken = takeOptions<ReadOptions>(options, READ);
    // A symbol is no name that a program can misspell, and a copy of the named options would leave it out.
    return options[ANYWAY] ? { ...taken, [ANYWAY]: true } : taken;
  },
};
