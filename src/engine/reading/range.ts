import { isWhole } from '../../kernel/check.js';
import { InvalidOptionError } from '../../kernel/errors.js';
import { shown } from '../../kernel/thrown.js';
import type { ReadOptions } from '../options.js';

/** The stretch of a log, or of an aggregate, that a reader wants: both ends included. */
export interface ReadRange {
  /** Of one aggregate, whose versions are counted; undefined: the log, whose positions are. */
  readonly aggregateId: string | undefined;
  /** By version with an aggregate, else by position. */
  readonly from: number;
  readonly to: number;
  /** With an aggregate: its events outside of these positions are left out. */
  readonly fromPosition: number;
  readonly toPosition: number;
  /** Events at most. */
  readonly limit: number;
  readonly isBackwards: boolean;
}

type Bounds = Omit<ReadOptions, 'types' | 'signal'>;

/**
 * The range that options ask for. Bounds are bounds whatever the direction: backwards begins at the upper one.
 *
 * @throws InvalidOptionError that names the option, its value and its range.
 */
export function rangeOf(of: string, options: Bounds): ReadRange {
  const { aggregateId, fromVersion, toVersion, fromPosition, toPosition, limit, direction } = options;
  if (aggregateId !== undefined && typeof aggregateId !== 'string') {
    throw new InvalidOptionError(`${of}: aggregateId is ${shown(aggregateId)}; it must be a text.`);
  }
  for (const [name, value] of Object.entries({ fromVersion, toVersion, fromPosition, toPosition, limit })) {
    if (value === undefined || isWhole(value, 1)) continue;
    throw new InvalidOptionError(`${of}: ${name} is ${shown(value)}; it must be a whole number from 1.`);
  }
  if (direction !== undefined && direction !== 'forwards' && direction !== 'backwards') {
    throw new InvalidOptionError(
      `${of}: direction is ${shown(direction)}; it must be 'forwards' or 'backwards'.`,
    );
  }
  const versioned = fromVersion === undefined ? 'toVersion' : 'fromVersion';
  if (aggregateId === undefined && (fromVersion ?? toVersion) !== undefined) {
    throw new InvalidOptionError(
      `${of}: ${versioned} needs aggregateId: versions count the events of one aggregate. Use fromPosition and toPosition for the log.`,
    );
  }
  const positions = { fromPosition: fromPosition ?? 1, toPosition: toPosition ?? Number.POSITIVE_INFINITY };
  return {
    aggregateId,
    from: aggregateId === undefined ? positions.fromPosition : (fromVersion ?? 1),
    to: aggregateId === undefined ? positions.toPosition : (toVersion ?? Number.POSITIVE_INFINITY),
    ...positions,
    limit: limit ?? Number.POSITIVE_INFINITY,
    isBackwards: direction === 'backwards',
  };
}
