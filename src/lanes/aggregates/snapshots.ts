import { isDeepStrictEqual } from 'node:util';
import type { Codec } from '../../events/codec.js';
import { encodeError } from '../../kernel/error-codec.js';
import { InvalidStateError, StateTooLargeError, StoreCorruptError } from '../../kernel/errors.js';
import { messageOf } from '../../kernel/thrown.js';
import { MAX_STATE_BYTES } from '../states/limits.js';
import type { Actor } from './actor.js';
import type { Fold } from './fold.js';
import type { Item } from './items.js';
import { SNAPSHOT_REFUSALS_TOLD } from './limits.js';
import type { SnapshotNews, StateSnapshot } from './protocol.js';
import { type Marks, marked, marksOf, Unfit } from './state-image.js';

/** What a snapshot has besides the state: ids of commands with the versions of their first events, and the state's marks. */
type Notes = readonly [
  ids: readonly (readonly [string, number])[],
  frozen: Marks['frozen'],
  same: Marks['same'],
  bytes?: Marks['bytes'],
];

/** What a lane makes of its aggregates' states to save, and back. */
export class LaneSnapshots {
  readonly #codec: Codec;
  readonly #tell: (news: SnapshotNews) => void;
  /** By aggregate, how often it was told that a state cannot be saved. */
  readonly #refusals = new Map<number, number>();

  constructor(codec: Codec, tell: (news: SnapshotNews) => void) {
    this.#codec = codec;
    this.#tell = tell;
  }

  /**
   * The state to save, when so many events have come since the last snapshot, and the state can be saved so that it comes
   * back as it is. Called when all events up to the state's version are noted.
   *
   * @param type index of the aggregate's definition.
   */
  due(type: number, actor: Actor<Item>, fold: Fold): StateSnapshot | undefined {
    const { snapshotEvery } = fold.aggregate;
    if (snapshotEvery === undefined || fold.version - fold.snapshotVersion < snapshotEvery) return undefined;
    // One that cannot be saved is looked at again after as many events more.
    fold.snapshotVersion = fold.version;
    try {
      return { version: fold.version, ...this.#packed(fold, actor.commandIds) };
    } catch (error) {
      this.#refused(type, fold, error);
      return undefined;
    }
  }

  /**
   * Begins a fold with a snapshot.
   *
   * @param actor whose commands its ids are; undefined: nobody asks for them.
   * @returns whether it could be read; else it was told, and the fold is as it was.
   */
  restore(type: number, actor: Actor<Item> | undefined, fold: Fold, snapshot: StateSnapshot): boolean {
    const { version } = snapshot;
    try {
      const [ids, frozen, same, bytes] = this.#codec.unpack(bufferOf(snapshot.notes)) as Notes;
      const state = marked(this.#codec.unpack(bufferOf(snapshot.state)), {
        frozen,
        same,
        ...(bytes && { bytes }),
      });
      const commands = new Map(ids);
      if (state === undefined) throw new RangeError('it is no state');
      fold.begin(state, version);
      actor?.knows(commands);
      return true;
    } catch (cause) {
      const error = new StoreCorruptError(
        `The snapshot of '${fold.aggregateId}' at version ${version} cannot be decoded: ${messageOf(cause)}. The aggregate is read from its first event.`,
        { cause, details: { aggregate: fold.aggregate.name, aggregateId: fold.aggregateId, version } },
      );
      this.#tell({ kind: 'failed', type, id: fold.aggregateId, error: encodeError(error) });
      return false;
    }
  }

  #packed({ aggregate, state }: Fold, ids: ReadonlyMap<string, number>): Omit<StateSnapshot, 'version'> {
    const marks = marksOf(state);
    const bytes = this.#codec.pack(state, aggregate.name);
    if (bytes.length > MAX_STATE_BYTES) throw new Unfit(`takes ${bytes.length} bytes`, true);
    // What evolve makes of it must be what it would make of the state itself.
    if (!isDeepStrictEqual(marked(this.#codec.unpack(bytes), marks), state)) {
      throw new Unfit('does not come back from the log as it is');
    }
    const { frozen, same, bytes: views = [] } = marks;
    const known = [[...ids], frozen, same] as const;
    const notes: Notes = views.length > 0 ? [...known, views] : known;
    return { state: bytes, notes: this.#codec.pack(notes, aggregate.name) };
  }

  /** Not for each aggregate of a million: they are of one kind. */
  #refused(type: number, { aggregate: { name }, aggregateId, version }: Fold, cause: unknown): void {
    const told = this.#refusals.get(type) ?? 0;
    if (told >= SNAPSHOT_REFUSALS_TOLD) return;
    this.#refusals.set(type, told + 1);
    const details = { aggregate: name, aggregateId, version };
    const text = `Aggregate '${name}' ('${aggregateId}') gets no snapshot at version ${version}, and is read from its events: its state`;
    const error =
      cause instanceof Unfit && cause.isTooLarge
        ? new StateTooLargeError(`${text} ${cause.message}; the limit is ${MAX_STATE_BYTES}.`, { details })
        : new InvalidStateError(
            `${text} ${cause instanceof Unfit ? cause.message : `is not what a log can keep (${messageOf(cause).replace(/\.$/, '')})`}. Make it of plain data.`,
            { cause, details },
          );
    this.#tell({ kind: 'failed', type, id: aggregateId, error: encodeError(error) });
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
