import { ConsumerRecord } from '../../consumers/record.js';
import type { ConsumerStatus } from '../../consumers/status.js';
import type { LetterCount } from '../../store/dead-letter.js';
import type { Progress } from '../../store/progress.js';

/** A module's handlers of one type that asked for old events, and what they are done with of those. */
export class LateHandler {
  readonly module: string;
  readonly type: string;
  /** Where the log ended when they were met first: what came later is handled as ever. */
  readonly last: number;
  readonly record: ConsumerRecord;
  /** Since the engine was opened: events that ended, tries that failed, further tries, events that were skipped. */
  ended = 0;
  failed = 0;
  retried = 0;
  skipped = 0;
  /** Events on their way to it. */
  inFlight = 0;

  constructor(type: string, module: string, last: number, record: ConsumerRecord) {
    this.type = type;
    this.module = module;
    this.last = last;
    this.record = record;
  }

  get isDone(): boolean {
    return this.record.nextUndone(1) > this.last;
  }

  /** What it is at, as a consumer of the log. @param failure of the engine. */
  status({ parked, skipped }: LetterCount, failure: Error | undefined): ConsumerStatus {
    const { record, last } = this;
    return {
      name: record.name,
      state: failure ? 'failed' : 'running',
      position: Math.min(record.mark, last),
      lag: Math.max(0, last - record.done),
      parkedKeys: parked,
      failures: parked + skipped,
      handled: this.ended - this.skipped,
      failed: this.failed,
      retried: this.retried,
      skipped: this.skipped,
      inFlight: this.inFlight,
      ...(failure && { error: failure }),
    };
  }
}

/**
 * The record of handlers that the log does not know yet: done with what lies before the first event that they ask for. What
 * the lanes have not finished is not old: it is left to all handlers of its type, wherever these begin.
 */
export function newRecord(name: string, from: number, last: number, lanes: Progress): ConsumerRecord {
  const done = Math.min(from - 1, last);
  const first = lanes.nextUnfinished(1);
  const record = ConsumerRecord.begin(name, Math.min(done, first - 1));
  for (let position = first + 1; position <= done; position++) {
    if (lanes.isFinished(position)) record.finish(position);
  }
  return record;
}
