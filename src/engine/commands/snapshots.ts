import { decodeError } from '../../kernel/error-codec.js';
import { StoreCorruptError } from '../../kernel/errors.js';
import { toError } from '../../kernel/thrown.js';
import type {
  LoadedAggregate,
  SnapshotNews,
  SnapshotWish,
  StateSnapshot,
} from '../../lanes/aggregates/protocol.js';
import type { SnapshotChange, StoredSnapshot } from '../../store/snapshot.js';
import type { Store } from '../../store/store.js';
import type { Directory } from '../sequence/directory.js';
import type { Notices } from '../watch/notices.js';
import { SNAPSHOT_UNSAVED_BYTES } from './limits.js';

/** What keeping snapshots needs. */
export interface SnapshotParts {
  readonly store: Store;
  readonly directory: Directory;
  readonly notices: Notices;
  /** What the lanes have loaded. */
  readonly aggregates: () => readonly LoadedAggregate[];
  /** There is something for the next commit. */
  readonly changed: () => void;
}

/**
 * Snapshots on their way: from the lanes into the next commit, and from the store to the lanes. None is taken in before the
 * events that it is made of have their places, so none is in a commit before theirs. Nothing is lost with any of them.
 */
export class Snapshots {
  readonly #parts: SnapshotParts;
  /** By the number of the aggregate's name: the newest of each. */
  #unsaved = new Map<number, StoredSnapshot>();
  #bytes = 0;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  /** Whether there is something that no commit has been given. */
  get isChanged(): boolean {
    return this.#unsaved.size > 0;
  }

  /** Everything that there is, for the next commit, which has all events that were accepted by now. */
  take(): SnapshotChange | undefined {
    if (!this.isChanged) return undefined;
    const change = [...this.#unsaved.values()];
    this.#unsaved = new Map();
    this.#bytes = 0;
    return change;
  }

  /** What a lane has decided has its places in the log now, and this is the state behind it. */
  accepted(type: number, id: string, snapshot: StateSnapshot): void {
    const { directory } = this.#parts;
    if (directory.versionOf(id) === snapshot.version)
      this.#keep(type, id, directory.positionOf(id), snapshot);
  }

  /** A lane tells of snapshots. */
  heard(news: SnapshotNews): void {
    const { type, id } = news;
    if (news.kind === 'failed') this.#failed(type, id, decodeError(news.error));
    else {
      this.#keep(type, id, news.position, news.snapshot);
      this.#parts.changed();
    }
  }

  /**
   * What the store has in the place of an aggregate's first events, if it is of the definition that the lanes have. The
   * caller looks whether it is of the event that the log has there.
   */
  find(aggregate: number, id: string, { type, below }: SnapshotWish): StoredSnapshot | undefined {
    const { store, directory, aggregates } = this.#parts;
    const { name, version, snapshotEvery } = aggregates()[type] as LoadedAggregate;
    // Fewer events are read as quickly without.
    if (snapshotEvery === undefined || directory.versionOf(id) < snapshotEvery) return undefined;
    try {
      const found = store.reader.snapshot?.(aggregate);
      const isOurs = found?.kind === name && found.kindVersion === version;
      return isOurs && found.version < (below ?? Number.POSITIVE_INFINITY) ? found : undefined;
    } catch (error) {
      // What is damaged is made anew of the events; a store that fails fails with those as well.
      this.#failed(type, id, toError(error));
      return undefined;
    }
  }

  /** The log has no such event as a snapshot says. */
  isForeign(type: number, id: string, { version, position }: StoredSnapshot): void {
    const error = new StoreCorruptError(
      `The snapshot of '${id}' is of version ${version} at position ${position}, where the log has no such event. The aggregate is read from its first event.`,
      { details: { aggregateId: id, version, position } },
    );
    this.#failed(type, id, error);
  }

  #keep(type: number, id: string, position: number, snapshot: StateSnapshot): void {
    const { name, version: kindVersion } = this.#parts.aggregates()[type] as LoadedAggregate;
    const { id: aggregate } = this.#parts.directory.get(id);
    const { version, state, notes } = snapshot;
    const known = this.#unsaved.get(aggregate);
    // Two definitions of one aggregate take turns.
    if (known && known.kind === name && known.version > version) return;
    const bytes = this.#bytes + state.length + notes.length - (known ? bytesOf(known) : 0);
    if (bytes > SNAPSHOT_UNSAVED_BYTES) return;
    this.#bytes = bytes;
    this.#unsaved.set(aggregate, { aggregate, kind: name, kindVersion, version, position, state, notes });
  }

  #failed(type: number, aggregateId: string, error: Error): void {
    const { notices, aggregates } = this.#parts;
    const { name: aggregate } = aggregates()[type] as LoadedAggregate;
    notices.send({ kind: 'snapshot-failed', aggregate, aggregateId, error });
  }
}

function bytesOf({ state, notes }: StoredSnapshot): number {
  return state.length + notes.length;
}
