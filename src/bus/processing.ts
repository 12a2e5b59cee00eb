import type { Running } from '../consumers/attached.js';
import type { Noted } from '../consumers/link.js';
import type { ConsumedLog } from '../consumers/log.js';
import { ConsumerRecord } from '../consumers/record.js';
import { Saving } from '../consumers/saving.js';
import type { ConsumerStatus } from '../consumers/status.js';
import { BUS_CONSUMER, type ConsumerChange } from '../store/consumer.js';
import {
  type DroppedEntries,
  type EncodedEntry,
  type FailedRecord,
  isDropped,
  type ProcessingChange,
  type ProcessingEntry,
  type RowRange,
  type StoredProcessing,
} from '../store/processing.js';
import type { ProgressChange } from '../store/progress.js';
import { MAX_UNSTORED_CHANGES } from './limits.js';

/** What a bus counts, for its status as a consumer. */
export type BusWork = Pick<ConsumerStatus, 'handled' | 'failed' | 'retried' | 'skipped' | 'inFlight'>;

/**
 * What the main thread knows of a log's events: which ones are finished, who tried them with what outcome, and which
 * ones failed for good. To the log it is a consumer: what is noted goes along with the engine's commits into the log's
 * own file, so it is never ahead of the events that it is about.
 *
 * What is finished is known here at once and in the file a commit later: after a crash an event may be handled again,
 * but is never left out. After a failure of the engine what may not have been stored is sent again, so that no event is
 * handled again because of one.
 */
export class Processing implements Noted, Running {
  readonly name = BUS_CONSUMER;
  /** What the bus does, while it runs. */
  work: (() => BusWork) | undefined;
  readonly #log: () => ConsumedLog;
  #record: ConsumerRecord;
  readonly #saving: Saving;
  /** What no commit has taken along yet, and what those that are under way have. */
  #changes: ProcessingChange[] = [];
  #sent: (readonly ProcessingChange[])[] = [];
  #unstored = 0;
  #lastNumber: number;
  /** Undefined when it has to be counted again. */
  #failedCount: number | undefined;

  /** @throws StoreCorruptError when what is stored is not what was written. */
  constructor(log: () => ConsumedLog) {
    this.#log = log;
    const { reader } = log().store;
    const [stored] = reader.consumers(BUS_CONSUMER);
    this.#record = stored ? new ConsumerRecord(stored) : ConsumerRecord.begin(BUS_CONSUMER, 0);
    this.#lastNumber = reader.processing.lastNumber;
    this.#saving = new Saving(log);
  }

  /** How many positions are finished: processed, or failed for good. */
  get finished(): number {
    return this.#record.done;
  }

  /** Whether so much waits to be stored that nothing more should be begun. */
  get isFull(): boolean {
    return this.#unstored >= MAX_UNSTORED_CHANGES;
  }

  /** How many failed events there are: counted when some have come or gone, not with every look. */
  get failedCount(): number {
    this.#failedCount ??= this.#countFailed();
    return this.#failedCount;
  }

  #countFailed(): number {
    const stored = this.#stored;
    const isFailed = new Map<number, boolean>();
    for (const change of this.#all()) {
      if (change.kind === 'fail') isFailed.set(change.record.position, true);
      if (change.kind === 'unfail') isFailed.set(change.position, false);
    }
    let count = stored.failedCount;
    for (const [position, is] of isFailed) {
      count += Number(is) - Number(stored.failure(position) !== undefined);
    }
    return count;
  }

  /** Takes over which positions are finished, and nothing else of what was noted. */
  adopt(progress: ProgressChange): void {
    this.#record = new ConsumerRecord({ name: BUS_CONSUMER, progress, failures: [] });
    this.#record.rewrite();
    this.dropEntries(Number.MAX_SAFE_INTEGER);
  }

  isFinished(position: number): boolean {
    return this.#record.isDone(position);
  }

  /** The first position from `from` on that is not finished. */
  nextUnfinished(from: number): number {
    return this.#record.nextUndone(from);
  }

  /** An event needs no more handling. Whatever is noted of it comes first, and is stored with that. */
  finish(position: number): void {
    if (this.#record.isDone(position)) return;
    this.#record.finish(position);
    this.#saving.note(this, 1);
  }

  note(entry: Omit<EncodedEntry, 'number'>): void {
    this.#change({ kind: 'entry', entry: { ...entry, number: ++this.#lastNumber } });
  }

  fail(record: FailedRecord): void {
    this.#failedCount = undefined;
    this.#change({ kind: 'fail', record });
  }

  unfail(position: number): void {
    this.#failedCount = undefined;
    this.#change({ kind: 'unfail', position });
  }

  /** Forgets the entries of events below a position. @returns how many. */
  dropEntries(before: number): number {
    let count = 0;
    const changes = [...this.#all()];
    const dropped = changes.filter(
      (change): change is { kind: 'drop' } & DroppedEntries => change.kind === 'drop',
    );
    // What a commit that is under way has written may be seen in the file already.
    const visible = this.#stored.lastNumber;
    for (const change of changes) {
      if (change.kind !== 'entry' || change.entry.number <= visible) continue;
      if (change.entry.position < before && !isDropped(change.entry, dropped)) count++;
    }
    count += this.#stored.countEntries(before, dropped);
    this.#change({ kind: 'drop', before, upTo: this.#lastNumber });
    return count;
  }

  /** @throws EngineFailedError */
  async entries(position: number | undefined, range: RowRange): Promise<ProcessingEntry[]> {
    await this.flushed();
    return this.#stored.entries(position, range);
  }

  /** @throws EngineFailedError */
  async failures(range: RowRange): Promise<FailedRecord[]> {
    await this.flushed();
    return this.#stored.failures(range);
  }

  /** @throws EngineFailedError */
  async failure(position: number): Promise<FailedRecord | undefined> {
    await this.flushed();
    return this.#stored.failure(position);
  }

  /** Resolves when everything noted so far is stored. @throws EngineFailedError */
  async flushed(): Promise<void> {
    await this.#saving.flushed();
  }

  /** For the commit that is being sent. */
  take(): ConsumerChange {
    const processing = this.#changes;
    this.#changes = [];
    this.#sent.push(processing);
    return { ...this.#record.take(), processing };
  }

  stored(): void {
    this.#unstored -= this.#sent.shift()?.length ?? 0;
    // In memory the oldest ones make room for what was stored.
    this.#failedCount = undefined;
  }

  status(): ConsumerStatus {
    const { facts } = this.#log();
    const record = this.#record;
    const state = this.work ? 'running' : 'stopped';
    return {
      name: this.name,
      state: this.work && facts.failure ? 'failed' : state,
      position: record.mark,
      lag: Math.max(0, facts.lastDurable - record.done),
      parkedKeys: 0,
      failures: this.failedCount,
      ...(this.work?.() ?? { handled: 0, failed: 0, retried: 0, skipped: 0, inFlight: 0 }),
      ...(facts.failure && { error: facts.failure }),
    };
  }

  /** The bus tells health itself what its subscribers do. */
  reason(): undefined {}

  wake(): void {}

  engineFailed(): void {
    this.#failedCount = undefined;
    this.#changes = [...this.#all()];
    this.#sent = [];
    this.#record.rewrite();
    this.#saving.note(this);
  }

  engineRecovered(): void {
    this.#saving.note(this);
  }

  async end(): Promise<void> {
    try {
      await this.flushed();
    } finally {
      this.#saving.end();
    }
  }

  get #stored(): StoredProcessing {
    return this.#log().store.reader.processing;
  }

  /** What is not known to be stored, in the order in which it happened. */
  *#all(): Generator<ProcessingChange> {
    for (const changes of this.#sent) yield* changes;
    yield* this.#changes;
  }

  #change(change: ProcessingChange): void {
    this.#changes.push(change);
    this.#unstored++;
    // Sends nothing at once: what is noted of an event before it is finished lies in the same transaction as that.
    this.#saving.note(this);
  }
}
