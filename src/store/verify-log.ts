import type { Statement } from 'better-sqlite3';
import { Codec } from '../events/codec.js';
import { SparseNumbers } from '../kernel/sparse-numbers.js';
import { messageOf } from '../kernel/thrown.js';
import { MAX_NAME_BYTES, MAX_PAYLOAD_BYTES, READ_PAGE } from '../limits.js';
import { beginCheck, endCheck, mixBytes, viewOf } from './checksum.js';
import { measured, numberOf, pieceOf } from './measured.js';
import type { Sqlite } from './sqlite.js';
import { BatchVerifier } from './verify-batches.js';
import type { Problems } from './verify-problems.js';
import type { StoreFacts } from './verify-structure.js';

const COLUMNS = `position, ${numberOf('type')}, ${numberOf('aggregate')}, ${numberOf('version')}, ${numberOf('occurred_at')},
  ${pieceOf('data')}, ${numberOf('partition_key')}, ${numberOf('causation')}, ${pieceOf('metadata')}`;

/** An event whose columns are at least of the right types. */
interface Event {
  readonly position: number;
  readonly type: number;
  readonly aggregate: number;
  readonly version: number;
  readonly occurredAt: number;
  readonly data: Buffer;
  readonly key: number;
  readonly causation: number;
  readonly metadata: Buffer | undefined;
}

/** Reads the whole log once and compares each event with its checksum, its neighbours and its aggregate. */
export class LogVerifier {
  readonly #database: Sqlite;
  readonly #facts: StoreFacts;
  readonly #problems: Problems;
  readonly #batches: BatchVerifier;
  /** Undefined: shapes are damaged, which was reported, and no record can be decoded without them. */
  readonly #codec: Codec | undefined;
  readonly #page: Statement;
  readonly #name: Statement;
  readonly #long: Statement;
  readonly #knownNames = new SparseNumbers(Uint32Array);
  readonly #versions = new SparseNumbers(Uint32Array);
  /** The last version of each aggregate among the events that the index must have. */
  readonly indexedVersions = new SparseNumbers(Uint32Array);
  #next = 1;
  events = 0;
  aggregates = 0;

  constructor(database: Sqlite, facts: StoreFacts, problems: Problems) {
    this.#database = database;
    this.#facts = facts;
    this.#problems = problems;
    this.#batches = new BatchVerifier(database, facts, problems);
    if (facts.shapes.every((shape) => shape.length > 0)) this.#codec = new Codec(facts.shapes);
    this.#page = database
      .prepare(`SELECT ${COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`)
      .raw();
    this.#long = database
      .prepare(
        `SELECT ${measured('data', MAX_PAYLOAD_BYTES)}, ${measured('metadata', MAX_PAYLOAD_BYTES)} FROM events WHERE position = ?`,
      )
      .raw();
    this.#name = database
      .prepare(`SELECT ${measured('name', MAX_NAME_BYTES)} FROM names WHERE id = ?`)
      .pluck();
  }

  /** The position that is being looked at. */
  get position(): number {
    return this.#next;
  }

  /** @throws when a page of the file cannot be read. */
  run(): void {
    // Rowids may be negative, and in a damaged file are.
    let after = Number.MIN_SAFE_INTEGER;
    let limit = READ_PAGE;
    while (after < this.#facts.last) {
      const read = this.#tryRead(after, limit);
      if (read === undefined) {
        // Once more, row by row, to come as near to the damage as can be.
        limit = 1;
        continue;
      }
      // Nothing more; or pages that contradict each other and lead back.
      if (read <= after) break;
      after = read;
    }
    this.#missing(this.#facts.last + 1);
    this.#batches.end();
    const { names, namesWritten } = this.#facts;
    if (names !== namesWritten) {
      this.#problems.add('definition', `The log has ${names} names where ${namesWritten} were written.`);
    }
  }

  /** Takes the next rows, in one transaction. @returns the last position, or undefined if they are unreadable. */
  #tryRead(after: number, limit: number): number | undefined {
    return this.#database.transaction(() => {
      const page = this.#readPage(after, limit);
      for (const row of page ?? []) if ((row[0] as number) <= this.#facts.last) this.#take(row);
      return page && ((page.at(-1)?.[0] as number | undefined) ?? after);
    })();
  }

  #readPage(after: number, limit: number): unknown[][] | undefined {
    try {
      return this.#page.all(after, limit) as unknown[][];
    } catch (error) {
      if (limit === 1) throw error;
      return undefined;
    }
  }

  #take(row: readonly unknown[]): void {
    const position = row[0] as number;
    if (position < this.#next) {
      this.#problems.add('position', `There is an event at position ${position}, out of order.`, position);
      return;
    }
    this.#missing(position);
    this.#batches.enter(position);
    this.events++;
    const event = columnsOf(this.#whole(row));
    const damage = event ? this.#compare(event) : 'has columns of the wrong types';
    this.#next = position + 1;
    if (damage !== undefined) {
      this.#batches.spoil();
      this.#problems.add('event', `The event at position ${position} ${damage}.`, position);
    }
    if (event) this.#count(event, damage === undefined);
  }

  /** With its payload and metadata, which are read by themselves when they are long. */
  #whole(row: readonly unknown[]): readonly unknown[] {
    if (typeof row[5] !== 'number' && typeof row[8] !== 'number') return row;
    const [data, metadata] = this.#long.get(row[0]) as unknown[];
    // Longer than anything that is written: not NULL, which would be no metadata.
    return row.with(5, data).with(8, row[8] === null ? null : (metadata ?? 'too long'));
  }

  /** What is wrong with an event by itself; undefined when nothing is. */
  #compare(event: Event): string | undefined {
    const { position, aggregate, key, causation } = event;
    const type = this.#facts.types.get(event.type);
    if (type === undefined) return `has the unknown type ${event.type}`;
    const nameless = [aggregate, key].find((id) => !this.#learnName(id));
    if (nameless !== undefined) return `bears name ${nameless}, which the log does not have`;
    const check = this.#batches.checkAt(position);
    if (check !== undefined && check !== checkOf(event, type)) {
      return 'is not what was written: its checksum does not match';
    }
    if (causation >= position) return `has a cause at position ${causation}, which came later`;
    return this.#decode(event);
  }

  /** Whether a name exists. When it is met first, it is part of the batch that brought it. */
  #learnName(id: number): boolean {
    if (this.#knownNames.get(id) === 1) return true;
    const name = this.#name.get(id);
    if (typeof name !== 'string') return false;
    this.#knownNames.set(id, 1);
    this.#batches.addName(id, name);
    return true;
  }

  #decode({ data, metadata }: Event): string | undefined {
    const shape = shapeIdOf(data);
    if (shape !== undefined && shape >= this.#facts.shapes.length) {
      return `has a payload of the unknown shape ${shape}`;
    }
    try {
      this.#codec?.unpack(data);
      if (metadata) this.#codec?.unpack(metadata);
      return undefined;
    } catch (error) {
      return `has a payload or metadata that cannot be decoded: ${messageOf(error)}`;
    }
  }

  /** Counts the versions of the event's aggregate. */
  #count({ position, aggregate, version }: Event, isWhole: boolean): void {
    const expected = this.#versions.get(aggregate) + 1;
    if (version !== expected) {
      // What is damaged was reported, and says nothing of its aggregate.
      if (!isWhole) return;
      this.#problems.add(
        'version',
        `The event at position ${position} is version ${version} of its aggregate, where version ${expected} belongs.`,
        position,
      );
    }
    if (expected === 1) this.aggregates++;
    this.#versions.set(aggregate, version);
    if (position <= (this.#facts.progress?.indexed ?? 0)) this.indexedVersions.set(aggregate, version);
  }

  /** Reports what lies between the last event and a position. */
  #missing(position: number): void {
    const first = this.#next;
    if (first >= position) return;
    const last = position - 1;
    this.#problems.add(
      'position',
      first === last
        ? `The event at position ${first} is missing.`
        : `The events from position ${first} to ${last} are missing.`,
      first,
    );
    this.#next = position;
  }
}

function columnsOf(row: readonly unknown[]): Event | undefined {
  const [position, type, aggregate, version, occurredAt, data, partitionKey, causation, metadata] = row;
  const numbers = [type, aggregate, version, partitionKey ?? aggregate, causation ?? 0];
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!numbers.every(isCount) || typeof occurredAt !== 'number' || !Buffer.isBuffer(data)) return undefined;
  if (metadata !== null && !Buffer.isBuffer(metadata)) return undefined;
  return {
    position: position as number,
    type: type as number,
    aggregate: aggregate as number,
    version: version as number,
    occurredAt,
    data,
    key: (partitionKey ?? aggregate) as number,
    causation: (causation ?? 0) as number,
    metadata: metadata ?? undefined,
  };
}

function checkOf({ aggregate, key, version, occurredAt, causation, data, metadata }: Event, type: number) {
  const columns = beginCheck(type, aggregate, key, version, occurredAt, causation);
  const payload = mixBytes(columns, viewOf(data), 0, data.length);
  const extra = metadata ?? Buffer.alloc(0);
  return endCheck(mixBytes(payload, viewOf(extra), 0, extra.length));
}

/** The shape that a payload refers to; see `payload_shapes` in the schema. */
function shapeIdOf(data: Buffer): number | undefined {
  const [first = 0, second = 0] = data;
  if (first < 0x40 || first > 0x7f) return undefined;
  return first < 0x60 ? first - 0x40 : 32 + (second << 5) + (first & 31);
}
