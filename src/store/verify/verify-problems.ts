import { StoreCorruptError, StoreError } from '../../kernel/errors.js';
import { messageOf } from '../../kernel/thrown.js';
import { MAX_VERIFY_PROBLEMS } from '../../limits.js';
import { toStoreError } from '../sqlite.js';

/**
 * What is wrong. `structure`: SQLite's own pages. `schema`: the tables. `definition`: a name, an event type, a
 * payload shape or the run id. `position`: an event that is missing or should not be there. `version`: a hole in
 * an aggregate. `event`: an event that is not what was written. `segment`: what is noted of a segment's events is not what was written.
 * `index`, `progress`, `dead-letter`, `consumer`, `state`, `timer`, `snapshot`, `command`: what is kept beside the log.
 */
export type StoreProblemKind =
  | 'structure'
  | 'schema'
  | 'definition'
  | 'position'
  | 'version'
  | 'event'
  | 'segment'
  | 'index'
  | 'progress'
  | 'dead-letter'
  | 'consumer'
  | 'state'
  | 'timer'
  | 'snapshot'
  | 'command';

/** One thing that is wrong with a store. */
export interface StoreProblem {
  readonly kind: StoreProblemKind;
  /** The event that it is about, or the first of them. */
  readonly position?: number;
  readonly message: string;
}

/** Gathers problems: describes the first ones, counts the rest. */
export class Problems {
  readonly #path: string;
  readonly list: StoreProblem[] = [];
  more = 0;
  firstPosition: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** How many there are. */
  get count(): number {
    return this.list.length + this.more;
  }

  get isFull(): boolean {
    return this.list.length >= MAX_VERIFY_PROBLEMS;
  }

  add(kind: StoreProblemKind, message: string, position?: number): void {
    if (position !== undefined) this.firstPosition = Math.min(position, this.firstPosition ?? position);
    if (this.isFull) this.more++;
    else this.list.push({ kind, ...(position !== undefined && { position }), message });
  }

  /**
   * Runs a part of the verification. What SQLite cannot read is a problem; that the disk fails, or another
   * program has locked the file, says nothing of the store and is thrown.
   *
   * @returns whether all could be read.
   */
  reading(kind: StoreProblemKind, work: () => void, position: () => number | undefined = () => undefined) {
    try {
      work();
      return true;
    } catch (thrown) {
      const error = toStoreError(this.#path, thrown);
      if (!isDamage(error)) throw error;
      const at = position();
      const from = at === undefined ? '' : `From position ${at} on nothing can be read. `;
      this.add(kind, `${from}${messageOf(error.cause ?? error)}`, at);
      return false;
    }
  }
}

/** A table or column whose name was damaged is SQLITE_ERROR, everything else of the kind SQLITE_CORRUPT. */
function isDamage(error: unknown): error is StoreError | StoreCorruptError {
  if (error instanceof StoreCorruptError) return true;
  return error instanceof StoreError && error.details.sqlite === 'SQLITE_ERROR';
}
