import { crc32 } from 'node:zlib';
import type { Statement } from 'better-sqlite3';
import { Codec } from '../../events/codec.js';
import { SparseNumbers } from '../../kernel/sparse-numbers.js';
import { messageOf } from '../../kernel/thrown.js';
import { beginCheck, chainStart, endCheck, mixBytes, mixName, viewOf } from '../checksum.js';
import { BodyReader } from '../segments/body.js';
import type { SegmentRow } from '../segments/segment-row.js';
import { rowFinder } from '../segments/segment-table.js';
import {
  openSegment,
  plausibleSegment,
  SEGMENT_COLUMNS,
  type SegmentRowValues,
  type StoredSegment,
  segmentChecksum,
} from '../segments/stored-segment.js';
import type { Sqlite } from '../sqlite.js';
import type { NameVerifier } from './verify-names.js';
import type { Problems } from './verify-problems.js';
import type { StoreFacts } from './verify-structure.js';
import { type AggregateSums, positionHash } from './verify-sums.js';

/** Reads the whole log once and compares each event with its checksum, its neighbours and its aggregate. */
export class LogVerifier {
  readonly #database: Sqlite;
  readonly #facts: StoreFacts;
  readonly #problems: Problems;
  readonly #names: NameVerifier;
  /** Undefined: shapes are damaged, which was reported, and no record can be decoded without them. */
  readonly #codec: Codec | undefined;
  readonly #next: Statement;
  readonly #rowAt: (position: number) => SegmentRowValues | undefined;
  readonly #body = new BodyReader();
  readonly #versions = new SparseNumbers(Uint32Array);
  /** Of the events that the index must have. */
  readonly indexed: AggregateSums = {
    versions: new SparseNumbers(Uint32Array),
    hashes: new SparseNumbers(Uint32Array),
  };
  /** What the chain should be after the last event; undefined when that cannot be told. */
  #chain: number | undefined;
  #expected = 1;
  events = 0;
  aggregates = 0;

  constructor(database: Sqlite, facts: StoreFacts, names: NameVerifier, problems: Problems) {
    this.#database = database;
    this.#facts = facts;
    this.#problems = problems;
    this.#names = names;
    this.#chain = chainStart(facts.run);
    if (facts.shapes.every((shape) => shape.length > 0)) this.#codec = new Codec(facts.shapes);
    this.#next = database
      .prepare(`SELECT ${SEGMENT_COLUMNS} FROM segments WHERE first > ? ORDER BY first LIMIT 1`)
      .raw();
    this.#rowAt = rowFinder(database);
  }

  /** The position that is being looked at. */
  get position(): number {
    return this.#expected;
  }

  /** @throws when a page of the file cannot be read. */
  run(): void {
    // Rowids may be negative, and in a damaged file are.
    let after = Number.MIN_SAFE_INTEGER;
    while (after < this.#facts.last) {
      const expected = this.#expected;
      const first = this.#database.transaction(() => this.#take(after))();
      // Nothing more; or pages that contradict each other and lead back.
      if (first === undefined || (first <= after && this.#expected === expected)) break;
      after = Math.max(after, first);
    }
    this.#missing(this.#facts.last + 1);
  }

  /** Takes what comes next. @returns where its segment begins; undefined when there is none, or it came later. */
  #take(after: number): number | undefined {
    const next = this.#next.get(after) as SegmentRowValues | undefined;
    const packed = next?.[0] === this.#expected ? undefined : this.#packedMeanwhile(after);
    if (packed) return this.#row(packed, this.#expected);
    if (!next || next[0] > this.#facts.last) return undefined;
    const [first] = next;
    if (first >= this.#expected) return this.#row(next, first);
    this.#problems.add('position', `There is a segment at position ${first}, out of order.`, first);
    return first;
  }

  /**
   * The segment that holds the expected position, if it begins where one began that was seen: an engine that has the
   * file open has packed that one and those behind it into one. (Segments only ever become longer.)
   */
  #packedMeanwhile(after: number): SegmentRowValues | undefined {
    if (this.#expected > this.#facts.last) return undefined;
    const row = this.#rowAt(this.#expected);
    const segment = row && plausibleSegment(row);
    return segment && segment.first <= after && this.#expected < segment.first + segment.count
      ? row
      : undefined;
  }

  /** Takes what a segment has from a position on. @returns where it begins. */
  #row(row: SegmentRowValues, from: number): number {
    const [first] = row;
    this.#missing(from);
    const segment = plausibleSegment(row);
    if (segment) {
      this.#segment(segment, from, segmentChecksum(segment) === row[7]);
      this.#expected = first + segment.count;
    } else {
      this.#problems.add('event', `The segment at position ${first} has columns of the wrong types.`, first);
    }
    return first;
  }

  #segment(segment: StoredSegment, from: number, isWhole: boolean): void {
    const { first, count } = segment;
    const before = this.#problems.count;
    try {
      this.#body.open(openSegment(segment));
    } catch (error) {
      this.#chain = undefined;
      this.#problems.add(
        'event',
        `The events from position ${from} on cannot be read: ${messageOf(error)}`,
        from,
      );
      return;
    }
    // Of what was packed behind the last position that the facts are about, nothing else is known.
    const last = Math.min(first + count - 1, this.#facts.last);
    for (let position = from; position <= last; position++) this.#event(position - first, position);
    const isReported = this.#problems.count > before;
    if (!isWhole && !isReported) {
      this.#problems.add(
        'segment',
        `What is noted of the events from position ${first} to ${first + count - 1} is not what was written.`,
        first,
      );
    }
    this.#link(segment, from, isReported || !isWhole);
  }

  /** Compares the chain after a segment with what it should be. */
  #link({ first, count, chain }: StoredSegment, from: number, isReported: boolean): void {
    const begin = from - first;
    const checks = Buffer.alloc((count - begin) * 4);
    for (let index = begin; index < count; index++) {
      checks.writeUInt32LE(this.#body.columns.check[index] as number, (index - begin) * 4);
    }
    const expected = this.#chain === undefined ? chain : crc32(checks, this.#chain);
    this.#chain = chain;
    if (expected === chain || isReported) return;
    this.#problems.add(
      'segment',
      `The events from position ${from} to ${first + count - 1} do not follow those before them: some were exchanged${from === 1 ? ', or the run id was' : ''}.`,
      from,
    );
  }

  #event(index: number, position: number): void {
    this.events++;
    const { columns } = this.#body;
    const [aggregate, version] = [columns.aggregate[index] as number, columns.version[index] as number];
    const damage = this.#compare(index);
    if (damage !== undefined) {
      this.#problems.add('event', `The event at position ${position} ${damage}.`, position);
    }
    this.#count(position, aggregate, version, damage === undefined);
  }

  /** What is wrong with an event by itself; undefined when nothing is. */
  #compare(index: number): string | undefined {
    if (this.#body.columns.version[index] === 0) return 'has no version';
    const event = this.#body.event(index);
    const { aggregate, partitionKey: key = aggregate } = event;
    const type = this.#facts.types.get(event.type);
    if (type === undefined) return `has the unknown type ${event.type}`;
    const brought = [aggregate, key].filter((id) => this.#names.isNew(id));
    const nameless = brought.find((id) => !this.#names.has(id));
    if (nameless !== undefined) return `bears name ${nameless}, which the log does not have`;
    if (this.#body.columns.check[index] !== this.#checkOf(event, type, brought)) {
      return 'is not what was written: its checksum does not match';
    }
    if (event.causation >= event.position) {
      return `has a cause at position ${event.causation}, which came later`;
    }
    return this.#decode(event);
  }

  /** See event-check.ts. */
  #checkOf(event: SegmentRow, type: number, brought: readonly number[]): number {
    const { aggregate, partitionKey = aggregate, version, occurredAt, causation, data, metadata } = event;
    const columns = beginCheck(type, aggregate, partitionKey, version, occurredAt, causation);
    const payload = mixBytes(columns, viewOf(data), 0, data.length);
    const extra = metadata ?? Buffer.alloc(0);
    let check = mixBytes(payload, viewOf(extra), 0, extra.length);
    for (const id of new Set(brought)) {
      const { bytes, start, end } = this.#names.take(id);
      check = mixName(check, id, bytes, start, end);
    }
    return endCheck(check);
  }

  #decode(event: SegmentRow): string | undefined {
    const shape = shapeIdOf(event.data);
    if (shape !== undefined && shape >= this.#facts.shapes.length) {
      return `has a payload of the unknown shape ${shape}`;
    }
    try {
      if (!this.#codec) return undefined;
      event.unpackData(this.#codec);
      event.unpackMetadata(this.#codec);
      return undefined;
    } catch (error) {
      return `has a payload or metadata that cannot be decoded: ${messageOf(error)}`;
    }
  }

  /** Counts the versions of the event's aggregate. */
  #count(position: number, aggregate: number, version: number, isWhole: boolean): void {
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
    if (position > (this.#facts.progress?.indexed ?? 0)) return;
    const { versions, hashes } = this.indexed;
    versions.set(aggregate, version);
    hashes.set(aggregate, positionHash(hashes.get(aggregate), position));
  }

  /** Reports what lies between the last event and a position. */
  #missing(position: number): void {
    const first = this.#expected;
    if (first >= position) return;
    const last = position - 1;
    this.#chain = undefined;
    this.#problems.add(
      'position',
      first === last
        ? `The event at position ${first} is missing.`
        : `The events from position ${first} to ${last} are missing.`,
      first,
    );
    this.#expected = position;
  }
}

/** The shape that a payload refers to; see `payload_shapes` in the schema. */
function shapeIdOf(data: Buffer): number | undefined {
  const [first = 0, second = 0] = data;
  if (first < 0x40 || first > 0x7f) return undefined;
  return first < 0x60 ? first - 0x40 : 32 + (second << 5) + (first & 31);
}
