import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { verifyStore } from 'millrace/store';
import { Codec } from '../../../dist/src/events/codec.js';
import { allocateSlab, ROW_NEW_AGGREGATE, Slab } from '../../../dist/src/events/slab.js';
import { Packer } from '../../../dist/src/store/segments/packer.js';
import { SqliteReader } from '../../../dist/src/store/sqlite-reader.js';
import type { RawEvent } from '../../../dist/src/store/store.js';
import { Writer } from '../../../dist/src/store/writer.js';

const TYPE = { name: 'row.written', version: 1, volatile: [] };
const SLAB_EVENTS = 600;
const SLAB_BYTES = 64 * 1024;

interface Written {
  readonly name: string;
  readonly version: number;
  readonly data: number;
}

/** Random numbers from 0 to 1 that follow from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What the lives of some logs came to. */
export interface LogCounts {
  commits: number;
  packs: number;
  indexed: number;
  cuts: number;
  lost: number;
}

/**
 * The life of a log's file: commits, pieces of the index, merges and packs in an order that follows from a seed, and
 * power cuts that take the end of what was written last. What is in the file must always be whole transactions, and
 * every event, history and name of them must be found.
 */
export class LogLife {
  readonly #path: string;
  readonly #random: () => number;
  readonly #counts: LogCounts;
  /** Of all that is in the file; and where a transaction ended. */
  #log: Written[] = [];
  #ends = new Set([0]);
  #names = new Map<string, number>();
  #versions = new Map<string, number>();
  #writer: Writer;
  #reader: SqliteReader;
  #packs: Database.Database;
  #packer: Packer;
  #slabs = 0;

  constructor(folder: string, seed: number, counts: LogCounts) {
    this.#path = join(folder, `life-${seed}.db`);
    this.#random = randomFrom(seed);
    this.#counts = counts;
    this.#writer = this.#openWriter();
    this.#packs = new Database(this.#path);
    this.#packer = new Packer(this.#packs);
    this.#reader = new SqliteReader(this.#path);
  }

  /** @throws an error that says what was wrong. */
  live(steps: number): void {
    try {
      for (let step = 0; step < steps; step++) this.#step();
      this.#check();
    } finally {
      this.#close();
      for (const suffix of ['', '-wal', '-shm', '-lock']) rmSync(this.#path + suffix, { force: true });
    }
  }

  #step(): void {
    const chance = this.#random();
    if (chance < 0.45) this.#commit();
    else if (chance < 0.65) this.#index();
    else if (chance < 0.85) this.#pack();
    else if (chance < 0.92) this.#check();
    else if (chance < 0.97) this.#cutPower();
    else this.#reopen();
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #commit(): void {
    const count = 1 + this.#below(this.#random() < 0.5 ? SLAB_EVENTS : 5);
    const slab = new Slab(++this.#slabs, allocateSlab(SLAB_BYTES));
    const codec = new Codec();
    let end = 0;
    for (let row = 0; row < count; row++) {
      const name = this.#random() < 0.2 ? `new-${this.#log.length}` : `old-${this.#below(9)}`;
      const known = this.#names.get(name);
      const id = known ?? this.#names.size + 1;
      this.#names.set(name, id);
      const version = (this.#versions.get(name) ?? 0) + 1;
      this.#versions.set(name, version);
      const data = this.#below(2 ** 40);
      slab.flags[row] = known === undefined ? ROW_NEW_AGGREGATE : 0;
      slab.nameOffset[row] = end;
      slab.nameLength[row] = slab.bytes.write(name, end);
      end += slab.nameLength[row] as number;
      slab.dataOffset[row] = end;
      slab.dataLength[row] = codec.pack(data).copy(slab.bytes, end);
      end += slab.dataLength[row] as number;
      slab.position[row] = this.#log.length + 1;
      slab.type[row] = 1;
      slab.aggregate[row] = id;
      slab.key[row] = id;
      slab.version[row] = version;
      slab.occurredAt[row] = 1_700_000_000_000 + this.#log.length;
      this.#log.push({ name, version, data });
    }
    this.#writer.addSlab(slab.id, slab.memory);
    const segments = [{ slab: slab.id, from: 0, to: count }];
    this.#writer.commit([{ segments, progress: undefined, shapes: [] }]);
    this.#writer.forgetSlab(slab.id);
    this.#ends.add(this.#log.length);
    this.#counts.commits++;
  }

  #index(): void {
    for (let piece = this.#below(9); piece >= 0; piece--) this.#writer.indexQuietly(1 + this.#below(60));
    this.#counts.indexed++;
  }

  #pack(): void {
    const range = this.#writer.coldRange(this.#below(200));
    if (!range) return;
    const result = this.#packer.pack(range.after, range.until);
    if (result.done === range.after) return;
    this.#writer.applyPacked(result);
    this.#counts.packs++;
  }

  /** The end of the WAL is lost, in the middle of whatever was written last. */
  #cutPower(): void {
    const copy = `${this.#path}.copy`;
    copyFileSync(this.#path, copy);
    if (existsSync(`${this.#path}-wal`)) copyFileSync(`${this.#path}-wal`, `${copy}-wal`);
    this.#close();
    for (const suffix of ['-wal', '-shm']) rmSync(this.#path + suffix, { force: true });
    copyFileSync(copy, this.#path);
    if (existsSync(`${copy}-wal`)) {
      const { length } = readFileSync(`${copy}-wal`);
      copyFileSync(`${copy}-wal`, `${this.#path}-wal`);
      truncateSync(
        `${this.#path}-wal`,
        this.#random() < 0.1 ? this.#below(length) : length - this.#below(Math.min(length, 40_000)),
      );
    }
    for (const suffix of ['', '-wal']) rmSync(copy + suffix, { force: true });
    this.#open();
    const { lastPosition } = this.#writer.state;
    if (!this.#ends.has(lastPosition)) throw new Error(`half a transaction: the log ends at ${lastPosition}`);
    this.#counts.cuts++;
    this.#counts.lost += this.#log.length - lastPosition;
    this.#log = this.#log.slice(0, lastPosition);
    this.#ends = new Set([...this.#ends].filter((end) => end <= lastPosition));
    const left = new Set(this.#log.map(({ name }) => name));
    this.#names = new Map([...this.#names].filter(([name]) => left.has(name)));
    this.#versions = new Map(this.#log.map(({ name, version }) => [name, version]));
    this.#check();
  }

  #reopen(): void {
    this.#close();
    this.#open();
  }

  #openWriter(): Writer {
    return new Writer({ path: this.#path, synchronous: 'NORMAL', run: 'run', types: [TYPE] });
  }

  #open(): void {
    this.#writer = this.#openWriter();
    this.#packs = new Database(this.#path);
    this.#packer = new Packer(this.#packs);
    this.#reader = new SqliteReader(this.#path);
  }

  #close(): void {
    this.#reader.close();
    this.#packs.close();
    this.#writer.close();
  }

  #check(): void {
    const events = this.#pages({});
    same(events.length, this.#log.length, 'number of events');
    this.#log.forEach(({ name, version, data }, index) => {
      const event = events[index];
      const found = event && [event.position, this.#reader.nameOf(event.aggregate), event.version];
      same(found?.join(), [index + 1, name, version].join(), `event ${index + 1}`);
      same(event && this.#reader.codec.unpack(event.data), data, `payload of event ${index + 1}`);
    });
    const histories = new Map<string, number[]>();
    this.#log.forEach(({ name }, index) => {
      const history = histories.get(name);
      if (history) history.push(index + 1);
      else histories.set(name, [index + 1]);
    });
    for (const [name, all] of histories) {
      // All of the old ones, and some of the many new ones.
      if (name.startsWith('new') && this.#random() < 0.9) continue;
      const id = this.#names.get(name) as number;
      same(this.#reader.findName(name)?.id, id, `number of ${name}`);
      const from = 1 + this.#below(all.length);
      const positions = this.#pages({ aggregate: id, from }).map(({ position }) => position);
      same(positions.join(), all.slice(from - 1).join(), `history of ${name} from version ${from}`);
    }
    same(this.#reader.findName('nobody'), undefined, 'a name that is not there');
    same(JSON.stringify(verifyStore(this.#path).problems), '[]', 'what verification finds');
  }

  #pages({ aggregate, from = 1 }: { readonly aggregate?: number; readonly from?: number }): RawEvent[] {
    const events: RawEvent[] = [];
    let next = from;
    while (true) {
      const limit = 1 + this.#below(700);
      const page = this.#reader.page(
        aggregate === undefined ? { from: next, limit } : { aggregate, from: next, limit },
      );
      const last = page.at(-1);
      if (!last) return events;
      events.push(...page);
      next = (aggregate === undefined ? last.position : last.version) + 1;
    }
  }
}

function same(found: unknown, expected: unknown, what: string): void {
  if (found !== expected) throw new Error(`${what}: ${String(found)} instead of ${String(expected)}`);
}

/** Lives lives with seeds from `first` on. @throws the error of the first one that fails, with its seed. */
export function liveLogs(folder: string, first: number, seeds: number): LogCounts {
  const counts: LogCounts = { commits: 0, packs: 0, indexed: 0, cuts: 0, lost: 0 };
  for (let seed = first; seed < first + seeds; seed++) {
    try {
      new LogLife(folder, seed, counts).live(50);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  return counts;
}
