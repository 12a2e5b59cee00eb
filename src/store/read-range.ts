import { checkText, checkWhole } from '../kernel/check.js';
import { InvalidOptionError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';

/** Which events a program wants to read, as it says it to an engine and to the reader of a file. Bounds are included. */
export interface ReadBounds {
  readonly aggregateId?: string;
  readonly fromVersion?: number;
  readonly toVersion?: number;
  readonly fromPosition?: number;
  readonly toPosition?: number;
  readonly limit?: number;
  readonly direction?: 'forwards' | 'backwards';
}

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

/**
 * The range that options ask for, of both readers: of an option without effect nobody would hear, and of a position that is
 * none the wrong events would come. Bounds are bounds whatever the direction: backwards begins at the upper one.
 *
 * @throws InvalidOptionError that names the option, its value and its range.
 */
export function rangeOf(of: string, options: ReadBounds): ReadRange {
  const { aggregateId, fromVersion, toVersion, direction } = options;
  if (aggregateId !== undefined) checkText(of, 'aggregateId', aggregateId);
  const whole = (name: keyof ReadBounds, fallback: number): number => {
    const value = options[name];
    return value === undefined ? fallback : checkWhole(of, name, value as number, 1);
  };
  const versions = { from: whole('fromVersion', 1), to: whole('toVersion', Number.POSITIVE_INFINITY) };
  const fromPosition = whole('fromPosition', 1);
  const toPosition = whole('toPosition', Number.POSITIVE_INFINITY);
  const limit = whole('limit', Number.POSITIVE_INFINITY);
  if (direction !== undefined && direction !== 'forwards' && direction !== 'backwards') {
    throw new InvalidOptionError(
      `${of}: direction is ${shown(direction)}; it must be 'forwards' or 'backwards'.`,
    );
  }
  if (aggregateId === undefined && (fromVersion ?? toVersion) !== undefined) {
    const versioned = fromVersion === undefined ? 'toVersion' : 'fromVersion';
    throw new InvalidOptionError(
      `${of}: ${versioned} needs aggregateId: versions count the events of one aggregate. Use fromPosition and toPosition for the log.`,
    );
  }
  const bounds = aggregateId === undefined ? { from: fromPosition, to: toPosition } : versions;
  return { aggregateId, ...bounds, fromPosition, toPosition, limit, isBackwards: direction === 'backwards' };
}

/** Whether an event of an aggregate lies within the positions of a range; `beyond`, that none behind it does. */
export function positionIn(range: ReadRange, position: number): 'within' | 'outside' | 'beyond' {
  const { fromPosition, toPosition, isBackwards } = range;
  if (position >= fromPosition && position <= toPosition) return 'within';
  // Positions go up with versions.
  return isBackwards === position < fromPosition ? 'beyond' : 'outside';
}
