import { StoreCorruptError } from '../kernel/errors.js';
import { TIMER_PAGE } from './limits.js';
import type { EventReader } from './store.js';
import type { TimerTicket } from './timer.js';

/** A timer that is waiting for its time, with the event that it will publish. */
export interface PendingTimer {
  /** The partition key that it belongs to. */
  readonly key: string;
  readonly name: string;
  /** When it fires, in Unix epoch milliseconds. */
  readonly at: number;
  /** The event that scheduled it. */
  readonly position: number;
  /** The type of its event. */
  readonly type: string;
  /** The aggregate of its event. */
  readonly aggregateId: string;
  /** The payload of its event, in the form in which it was scheduled. */
  readonly data: unknown;
}

/** The pending timers of a log, in the order in which they will fire. @throws StoreCorruptError */
export function* allTimers(reader: EventReader): Generator<PendingTimer> {
  for (let after: TimerTicket | undefined; ; ) {
    const page: readonly TimerTicket[] = reader.timers({ ...(after && { after }), limit: TIMER_PAGE });
    for (const ticket of page) {
      const timer = pendingTimer(reader, ticket);
      // Gone since the page was read: an engine may have the log open.
      if (timer) yield timer;
    }
    after = page.at(-1);
    if (!after) return;
  }
}

function pendingTimer(reader: EventReader, ticket: TimerTicket): PendingTimer | undefined {
  const timer = reader.timer(ticket.key, ticket.name);
  if (!timer) return undefined;
  const { key, name, at, position, type, aggregateId, data } = timer;
  const stored = reader.types.get(type) ?? reader.freshTypes?.().get(type);
  if (!stored) throw damaged(`the event of timer '${name}' is of the unknown type ${type}`);
  return {
    key: reader.nameOf(key),
    ...{ name, at, position, aggregateId },
    type: stored.name,
    data: decoded(reader, name, data),
  };
}

function decoded({ codec }: EventReader, name: string, data: string): unknown {
  try {
    return codec.unpack(Buffer.from(data, 'latin1'));
  } catch (cause) {
    throw damaged(`the payload of timer '${name}' cannot be decoded`, cause);
  }
}

function damaged(what: string, cause?: unknown): StoreCorruptError {
  return new StoreCorruptError(`The store is damaged: ${what}. Restore it from a backup.`, { cause });
}
