import type { Emission } from '../../events/emission.js';
import type { RegisteredType } from '../../events/registry.js';
import { ROW_NEW_AGGREGATE, ROW_NEW_KEY, ROW_RUN_START, ROW_UNNUMBERED } from '../../events/slab.js';
import { NotDeterministicError } from '../../kernel/errors.js';
import { SLAB_BYTES, SLAB_HEADROOM, SLAB_ROWS } from '../../limits.js';
import type { RawEvent } from '../../store/store.js';
import type { Directory, NameEntry } from './directory.js';
import type { HubSlab, ReservedNames } from './hub-slab.js';
import type { Prepared, RowFacts, RowNames } from './row-facts.js';
import type { SlabPool } from './slab-pool.js';
import { Tail } from './tail.js';

/**
 * Gives events their position and version, and writes them into the open slab: once, in the bytes that lanes
 * and writer will read. It alone hands out numbers, so nothing waits on a round trip to get one.
 */
export class Sequencer {
  readonly #directory: Directory;
  readonly #pool: SlabPool;
  readonly #deterministic: boolean;
  readonly tail: Tail;
  #position: number;
  #slab: HubSlab;
  #version = 0;
  #start = 0;
  #dataLength = 0;

  constructor(directory: Directory, pool: SlabPool, lastPosition: number, deterministic: boolean) {
    this.#directory = directory;
    this.#pool = pool;
    this.#position = lastPosition;
    this.tail = new Tail(lastPosition);
    this.#deterministic = deterministic;
    this.#slab = pool.acquire();
  }

  get lastPosition(): number {
    return this.#position;
  }

  /** Version of the event that was sequenced last. */
  get lastVersion(): number {
    return this.#version;
  }

  /** Partition key of the row written last. */
  get lastKey(): NameEntry {
    return this.#slab.keys[this.#slab.rows - 1] as NameEntry;
  }

  /** The slab of the row written last; its row is `slab.rows - 1`. */
  get slab(): HubSlab {
    return this.#slab;
  }

  /** Whether the open slab takes more rows without a new one. */
  get hasRoom(): boolean {
    return this.#slab.rows < SLAB_ROWS && this.#slab.bytes.length - this.#slab.end > SLAB_HEADROOM;
  }

  /** Appends a published event. @throws NotDeterministicError, TooManyNamesError; nothing has changed then. */
  append(event: Prepared): void {
    const aggregate = this.#append(event);
    this.number(this.#slab, this.#slab.rows - 1, aggregate);
  }

  /** Appends an event that is numbered later, by `number`. @throws as `append`. */
  appendAhead(event: Prepared, isFirst: boolean): void {
    this.#append(event);
    const row = this.#slab.rows - 1;
    this.#slab.flags[row] = isFirst ? ROW_UNNUMBERED | ROW_RUN_START : ROW_UNNUMBERED;
    this.#slab.position[row] = this.#position + 1;
  }

  #append(event: Prepared): NameEntry {
    this.#directory.trim();
    const aggregate = this.#directory.get(event.aggregateId);
    const key = this.#keyOf(event, aggregate);
    const { bytes, start, dataLength, metadataLength } = event;
    this.#copy(event, aggregate, key, bytes, start, dataLength, metadataLength);
    return aggregate;
  }

  /** Appends an event that a lane emitted: its payload and metadata are encoded already, in `bytes`. */
  appendEmitted(type: RegisteredType, emission: Emission, bytes: Buffer, causation: number): void {
    this.#directory.trim();
    const { aggregateId, partitionKey, occurredAt, dataOffset, dataLength, metadataLength } = emission;
    const facts = { type, aggregateId, partitionKey: partitionKey || aggregateId, occurredAt, causation };
    const aggregate = this.#directory.get(aggregateId);
    const key = this.#keyOf(facts, aggregate);
    this.#copy(facts, aggregate, key, bytes, dataOffset, dataLength, metadataLength);
    this.number(this.#slab, this.#slab.rows - 1, aggregate);
  }

  /** Puts an event of the log back into a slab, under the numbers that it has. */
  restore(facts: RowFacts, event: RawEvent): void {
    this.#directory.trim();
    const aggregate = this.#directory.get(facts.aggregateId);
    const key = this.#named(facts, aggregate);
    const { data, metadata } = event;
    const bytes = metadata ? Buffer.concat([data, metadata]) : data;
    this.#copy(facts, aggregate, key, bytes, 0, data.length, metadata?.length ?? 0);
    const row = this.#slab.rows - 1;
    this.#slab.position[row] = event.position;
    this.#slab.version[row] = event.version;
    this.#slab.type[row] = event.type;
  }

  /** Why an event of these names could not be appended now; undefined when it could. */
  refusalOf(facts: RowNames): Error | undefined {
    try {
      this.#keyOf(facts, this.#directory.get(facts.aggregateId));
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /**
   * Keeps the names of an event for it until it is appended, so that nothing can refuse it then; see `release`.
   *
   * @throws NotDeterministicError, TooManyNamesError
   */
  reserve(facts: RowNames): ReservedNames {
    this.#directory.trim();
    const aggregate = this.#directory.get(facts.aggregateId);
    const key = this.#keyOf(facts, aggregate);
    this.#register(aggregate, key);
    aggregate.reserved++;
    key.reserved++;
    return { aggregate, key };
  }

  /** The event that a reservation was made for is about to be appended. */
  release({ aggregate, key }: ReservedNames): void {
    aggregate.reserved--;
    key.reserved--;
  }

  /** Closes a slab that was made for one large event: nothing else fits, and while open it cannot be freed. */
  closeLargeSlab(): void {
    if (this.#slab.bytes.length <= SLAB_BYTES) return;
    this.#pool.release(this.#slab, 1);
    this.#slab = this.#pool.acquire();
  }

  #copy(
    facts: RowFacts,
    aggregate: NameEntry,
    key: NameEntry,
    bytes: Buffer,
    start: number,
    dataLength: number,
    metadataLength: number,
  ): void {
    const length = dataLength + metadataLength;
    this.#register(aggregate, key);
    this.#reserve(length + 3 * (facts.aggregateId.length + facts.partitionKey.length));
    this.#writeNames(aggregate, key);
    this.#start = this.#slab.end;
    this.#dataLength = dataLength;
    bytes.copy(this.#slab.bytes, this.#start, start, start + length);
    this.#writeRow(facts, aggregate, key, metadataLength);
  }

  #named(facts: RowNames, aggregate: NameEntry): NameEntry {
    return facts.partitionKey === facts.aggregateId ? aggregate : this.#directory.get(facts.partitionKey);
  }

  #keyOf(facts: RowNames, aggregate: NameEntry): NameEntry {
    const key = this.#named(facts, aggregate);
    if (!this.#deterministic) return key;
    const bound = aggregate.keyId || this.#directory.storedKeyOf(aggregate);
    if (bound === undefined || bound === key.id) return key;
    throw new NotDeterministicError(
      `Event '${facts.type.type}': aggregate '${facts.aggregateId}' has had another partition key than '${facts.partitionKey}'. ` +
        'In deterministic mode all events of an aggregate have one key, or their versions would depend on timing.',
    );
  }

  /** From here on the names are the log's. */
  #register(aggregate: NameEntry, key: NameEntry): void {
    if (aggregate.id === 0) this.#directory.add(aggregate);
    if (key.id === 0) this.#directory.add(key);
    if (!this.#deterministic) return;
    aggregate.keyId = key.id;
    aggregate.keyName = key.name;
  }

  /** Gives a row its position and version. */
  number(slab: HubSlab, row: number, aggregate: NameEntry): void {
    this.#position++;
    aggregate.version++;
    this.#version = aggregate.version;
    this.tail.add(this.#position, aggregate.position);
    aggregate.position = this.#position;
    const key = slab.keys[row] as NameEntry;
    key.keyPosition = this.#position;
    slab.position[row] = this.#position;
    slab.version[row] = aggregate.version;
    slab.flags[row] = newNames(aggregate, key);
  }

  /** Makes sure that `bytes` more fit into the open slab, in a larger one of their own if they must. */
  #reserve(bytes: number): void {
    const { rows, end, bytes: memory } = this.#slab;
    if (rows < SLAB_ROWS && end + bytes <= memory.length) return;
    this.#pool.release(this.#slab, 1);
    this.#slab = this.#pool.acquire(Math.max(SLAB_BYTES, bytes));
  }

  #writeNames(aggregate: NameEntry, key: NameEntry): void {
    this.#writeName(aggregate);
    if (key !== aggregate) this.#writeName(key);
  }

  /** Names lie in each slab once: lanes and writer need nothing but the slab to read an event. */
  #writeName(entry: NameEntry): void {
    const slab = this.#slab;
    if (entry.slabSerial === slab.serial) return;
    entry.slabSerial = slab.serial;
    entry.nameOffset = slab.end;
    entry.nameLength = writeText(slab.bytes, slab.end, entry.name);
    slab.end += entry.nameLength;
  }

  #writeRow(facts: RowFacts, aggregate: NameEntry, key: NameEntry, metadataLength: number): void {
    const slab = this.#slab;
    const row = slab.rows++;
    slab.end = this.#start + this.#dataLength + metadataLength;
    slab.type[row] = facts.type.id;
    slab.aggregate[row] = aggregate.id;
    slab.key[row] = key.id;
    slab.keys[row] = key;
    slab.occurredAt[row] = facts.occurredAt;
    slab.causation[row] = facts.causation;
    slab.dataOffset[row] = this.#start;
    slab.dataLength[row] = this.#dataLength;
    slab.metadataLength[row] = metadataLength;
    slab.nameOffset[row] = aggregate.nameOffset;
    slab.nameLength[row] = aggregate.nameLength;
    slab.keyOffset[row] = key.nameOffset;
    slab.keyLength[row] = key.nameLength;
    slab.flags[row] = 0;
  }
}

/** Longest text that is copied character by character: below it a call into Node costs more than the loop. */
const SHORT_TEXT = 32;

/** Writes UTF-8 and returns its length in bytes. */
function writeText(bytes: Buffer, offset: number, text: string): number {
  const { length } = text;
  if (length > SHORT_TEXT) return bytes.write(text, offset);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return bytes.write(text, offset);
    bytes[offset + index] = code;
  }
  return length;
}

function newNames(aggregate: NameEntry, key: NameEntry): number {
  let flags = 0;
  if (aggregate.isNew) {
    aggregate.isNew = false;
    flags |= ROW_NEW_AGGREGATE;
  }
  if (key.isNew) {
    key.isNew = false;
    flags |= ROW_NEW_KEY;
  }
  return flags;
}
