import { checkWhole } from '../kernel/check.js';
import { InvalidOptionError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';

/** Where a program wants to begin to read, as it says it to an engine and to the reader of a file. */
export interface ReadRange {
  readonly aggregateId?: string;
  readonly fromVersion?: number;
  readonly fromPosition?: number;
}

/** Where to begin to read. */
export interface ReadStart {
  /** Undefined: the whole log is read. */
  readonly aggregateId: string | undefined;
  /** The first version of the aggregate, or the first position of the log. */
  readonly from: number;
}

/**
 * Where to begin. One place for both readers: of two options that do not go together one would be ignored, and of a
 * position that is none the wrong events would come.
 *
 * @throws InvalidOptionError
 */
export function readStart({ aggregateId, fromVersion, fromPosition }: ReadRange): ReadStart {
  if (aggregateId === undefined) {
    if (fromVersion !== undefined) {
      throw new InvalidOptionError(
        "read: fromVersion counts the events of one aggregate; pass its 'aggregateId' too, or 'fromPosition' for the whole log.",
      );
    }
    return { aggregateId, from: startAt('fromPosition', fromPosition) };
  }
  if (typeof aggregateId !== 'string') {
    throw new InvalidOptionError(`read: aggregateId is ${shown(aggregateId)}; it must be a text.`);
  }
  if (fromPosition !== undefined) {
    throw new InvalidOptionError(
      "read: fromPosition counts the events of the whole log; with 'aggregateId' pass 'fromVersion'.",
    );
  }
  return { aggregateId, from: startAt('fromVersion', fromVersion) };
}

function startAt(name: string, value: number | undefined): number {
  return value === undefined ? 1 : checkWhole('read', name, value, 1);
}
