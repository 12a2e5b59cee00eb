import { SqliteReader } from '../store/sqlite-reader.js';

/** A name of the new log. */
export interface NewName {
  readonly id: number;
  /** As an aggregate: its last version. */
  version: number;
  /** Nothing that was written bears it yet. */
  isNew: boolean;
}

/** The names of a log that is being written: in memory, and once they are too many in the log itself. */
export class NewNames {
  readonly #path: string;
  readonly #limit: number;
  readonly #index: () => void;
  #names = new Map<string, NewName>();
  #last = 0;
  /** Aggregates so far. */
  aggregates = 0;
  #reader: SqliteReader | undefined;
  #isComplete = true;

  /**
   * @param limit names that are kept in memory.
   * @param index brings the index of the log up to its last event, so that every name can be looked up there.
   */
  constructor(path: string, limit: number, index: () => void) {
    this.#path = path;
    this.#limit = limit;
    this.#index = index;
  }

  get(name: string): NewName {
    const known = this.#names.get(name) ?? this.#stored(name);
    if (known) return known;
    const made = { id: ++this.#last, version: 0, isNew: true };
    this.#names.set(name, made);
    return made;
  }

  /** Everything that was added is written: forgets names if there are too many of them. */
  trim(): void {
    if (this.#names.size <= this.#limit) return;
    this.#index();
    this.#names = new Map();
    this.#isComplete = false;
  }

  /** Lets go of the file. */
  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  #stored(name: string): NewName | undefined {
    if (this.#isComplete) return undefined;
    this.#reader ??= new SqliteReader(this.#path);
    const found = this.#reader.findName(name);
    if (!found) return undefined;
    const known = { id: found.id, version: found.version, isNew: false };
    this.#names.set(name, known);
    return known;
  }
}
