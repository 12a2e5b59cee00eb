import { eventId } from '../events/domain-event.js';
import { allocateSlab, ROW_NEW_AGGREGATE, ROW_NEW_KEY, Slab } from '../events/slab.js';
import { MAX_EVENT_TYPES, MAX_NAME_BYTES, SLAB_BYTES, SLAB_ROWS } from '../limits.js';
import type { TypeToStore } from '../store/protocol.js';
import { PACK_BEHIND } from '../store/segments/limits.js';
import { Packer } from '../store/segments/packer.js';
import { openConnection, type Sqlite } from '../store/sqlite.js';
import { Writer } from '../store/writer.js';
import { type Encoded, Encoder } from './encoder.js';
import { BadRecord, type ImportedEvent } from './import-record.js';
import { IMPORT_NAMES, IMPORT_WAL_PAGES } from './limits.js';
import { type NewName, NewNames } from './new-names.js';
import { NewPositions } from './new-positions.js';

/** A log that is written from its first event to its last, by the store's own writer. */
export class NewLog {
  readonly #path: string;
  readonly #handled: boolean;
  readonly #encoder = new Encoder();
  readonly #names: NewNames;
  readonly #positions = new NewPositions();
  readonly #types = new Map<string, TypeToStore>();
  #typeIds = new Map<string, number>();
  #run = '';
  #writer: Writer | undefined;
  #packing: Sqlite | undefined;
  #slab = new Slab(1, allocateSlab());
  #row = 0;
  #end = 0;

  /**
   * @param handled whether its events count as handled.
   * @param names that are kept in memory.
   */
  constructor(path: string, handled: boolean, names = IMPORT_NAMES) {
    this.#path = path;
    this.#handled = handled;
    this.#names = new NewNames(path, names, () => this.#writer?.index());
  }

  get run(): string {
    return this.#run;
  }

  get events(): number {
    return this.#positions.last;
  }

  get aggregates(): number {
    return this.#names.aggregates;
  }

  /** Adds the next event. @throws BadRecord, UnsupportedPayloadError, PayloadTooLargeError, StoreError */
  add(event: ImportedEvent): void {
    this.#checkRun(event.run);
    const type = this.#typeOf(event);
    checkName('aggregate_id', event.aggregateId);
    checkName('key', event.key);
    const aggregate = this.#names.get(event.aggregateId);
    const key = event.key === event.aggregateId ? aggregate : this.#names.get(event.key);
    checkVersion(event, aggregate.version + 1);
    const id = eventId(event.run, event.aggregateId, event.version);
    const encoded = this.#encoder.encode(event, id);
    const position = this.#positions.next(event.position);
    this.#reserve(encoded.end - encoded.start + 3 * (event.aggregateId.length + event.key.length));
    if (aggregate.version === 0) this.#names.aggregates++;
    aggregate.version++;
    this.#write(event, { type, position, aggregate, key }, encoded);
    if (this.#row === SLAB_ROWS) this.#commit();
  }

  /** Writes what is left, and closes the file. */
  finish(): void {
    this.#commit();
    this.#closeWriter();
  }

  /** Closes the file, which is good for nothing. */
  abandon(): void {
    this.#closeWriter();
  }

  #checkRun(run: string): void {
    if (this.#run === '') this.#run = run;
    if (run === this.#run) return;
    throw new BadRecord(
      `is of another log: its id begins with '${run}', and those before with '${this.#run}'`,
    );
  }

  #typeOf({ type, typeVersion, volatile }: ImportedEvent): number {
    const of = `${typeVersion} ${type}`;
    const known = this.#types.get(of);
    if (!known) {
      checkName('type', type);
      if (this.#types.size === MAX_EVENT_TYPES)
        throw new BadRecord(`brings one type more than ${MAX_EVENT_TYPES}`);
      this.#types.set(of, { name: type, version: typeVersion, volatile: volatile ?? [] });
      this.#open();
    } else if (volatile && JSON.stringify(volatile) !== JSON.stringify(known.volatile)) {
      throw new BadRecord(`has other volatile fields than the first one of its type`);
    }
    return this.#typeIds.get(of) as number;
  }

  /** A writer knows the types of its log from the beginning: it is opened again for each that is new. */
  #open(): void {
    this.#commit();
    this.#closeWriter();
    const types = [...this.#types.values()];
    this.#writer = new Writer({ path: this.#path, synchronous: 'NORMAL', run: this.#run, types });
    this.#typeIds = new Map(
      this.#writer.state.types.map(({ id, name, version }) => [`${version} ${name}`, id]),
    );
    this.#writer.addSlab(this.#slab.id, this.#slab.memory);
  }

  /** Makes sure that so many bytes fit into the slab. */
  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#slab.bytes.length) return;
    this.#commit();
    if (bytes <= this.#slab.bytes.length) return;
    this.#writer?.forgetSlab(this.#slab.id);
    this.#slab = new Slab(1, allocateSlab(Math.max(SLAB_BYTES, bytes)));
    this.#writer?.addSlab(this.#slab.id, this.#slab.memory);
  }

  #write(
    event: ImportedEvent,
    at: {
      readonly type: number;
      readonly position: number;
      readonly aggregate: NewName;
      readonly key: NewName;
    },
    { target, start, end, dataLength }: Encoded,
  ): void {
    const slab = this.#slab;
    const row = this.#row++;
    const { aggregate, key } = at;
    slab.flags[row] = 0;
    if (aggregate.isNew) {
      slab.flags[row] = ROW_NEW_AGGREGATE;
      slab.nameOffset[row] = this.#end;
      slab.nameLength[row] = this.#text(event.aggregateId);
      aggregate.isNew = false;
    }
    if (key.isNew) {
      slab.flags[row] = (slab.flags[row] as number) | ROW_NEW_KEY;
      slab.keyOffset[row] = this.#end;
      slab.keyLength[row] = this.#text(event.key);
      key.isNew = false;
    }
    slab.position[row] = at.position;
    slab.type[row] = at.type;
    slab.aggregate[row] = aggregate.id;
    slab.key[row] = key.id;
    slab.version[row] = event.version;
    slab.occurredAt[row] = event.occurredAt;
    slab.causation[row] = this.#positions.of(event.causedBy);
    slab.dataOffset[row] = this.#end;
    slab.dataLength[row] = dataLength;
    slab.metadataLength[row] = end - start - dataLength;
    this.#end += target.copy(slab.bytes, this.#end, start, end);
  }

  #text(text: string): number {
    const length = this.#slab.bytes.write(text, this.#end);
    this.#end += length;
    return length;
  }

  #commit(): void {
    const writer = this.#writer;
    if (!writer || this.#row === 0) return;
    writer.commit([
      {
        segments: [{ slab: this.#slab.id, from: 0, to: this.#row }],
        progress: this.#handled ? { mark: this.#positions.last, chunks: [] } : undefined,
        shapes: this.#encoder.takeShapes(),
      },
    ]);
    this.#row = 0;
    this.#end = 0;
    this.#names.trim();
    if (writer.walState().pages > IMPORT_WAL_PAGES) writer.checkpoint();
    this.#pack(writer);
  }

  /** As an engine would in its quiet moments. */
  #pack(writer: Writer): void {
    for (let range = writer.coldRange(PACK_BEHIND); range; range = writer.coldRange(PACK_BEHIND)) {
      this.#packing ??= openConnection(this.#path, { readonly: true });
      const result = new Packer(this.#packing).pack(range.after, range.until);
      if (result.done === range.after) return;
      writer.applyPacked(result);
    }
  }

  /** Whoever reads has let go before: else the file would stay in WAL mode. */
  #closeWriter(): void {
    this.#names.close();
    this.#packing?.close();
    this.#packing = undefined;
    this.#writer?.close();
    this.#writer = undefined;
  }
}

function checkVersion({ aggregateId, version }: ImportedEvent, expected: number): void {
  if (version === expected) return;
  const what = `is version ${version} of '${aggregateId.slice(0, 100)}', where version ${expected} belongs`;
  if (version < expected) throw new BadRecord(`${what}: it has been there already`);
  throw new BadRecord(
    `${what}: events before it are missing. An export with --types or --from is no whole log`,
  );
}

function checkName(field: string, name: string): void {
  if (name.isWellFormed() && Buffer.byteLength(name) <= MAX_NAME_BYTES) return;
  throw new BadRecord(`has a ${field} that is no well-formed text of at most ${MAX_NAME_BYTES} bytes`);
}
