import { channel } from 'node:diagnostics_channel';
import { outside } from '../../kernel/async-context.js';
import { Listeners } from '../../kernel/listeners.js';
import { CHANNELS } from '../../observe/channels.js';
import type { HeldCommand } from '../commands/held-commands.js';
import type { Health, HealthStatus } from './health-status.js';

/** How full the engine is. */
export interface Fill {
  /** Events accepted and not finished, and the limit of them. */
  readonly inFlight: number;
  readonly maxInFlight: number;
  /** Slab memory in use, in bytes, and the limit of it. */
  readonly bytes: number;
  readonly maxBytes: number;
}

/** Something that the owner of an engine may want to know; nothing is wrong with the caller's own calls. */
export type Notice =
  /** The engine is more than 80 % full: publishers will soon wait. */
  | ({ readonly kind: 'pressure' } & Fill)
  /** It is less than 60 % full again. */
  | ({ readonly kind: 'relieved' } & Fill)
  /** An event's retries are used up; see `engine.deadLetters`. */
  | {
      readonly kind: 'dead-letter';
      readonly position: number;
      readonly key: string;
      readonly state: 'parked' | 'skipped';
      readonly attempts: number;
      readonly error: Error;
    }
  /** A lane died, or was ended because a handler took too long. Another one takes its place. */
  | { readonly kind: 'lane-replaced'; readonly lane: number; readonly error: Error }
  /** A subscriber failed on an event and its retries are used up; see `engine.subscriberFailures`. */
  | {
      readonly kind: 'subscriber-failed';
      readonly subscription: number;
      readonly topic: string;
      readonly position: number;
      readonly attempts: number;
      readonly error: Error;
    }
  /** A consumer failed on an event for good: it parked its key, skipped the event, or stopped in front of it. */
  | {
      readonly kind: 'consumer-failed';
      readonly consumer: string;
      readonly position: number;
      readonly key: string;
      readonly state: 'parked' | 'skipped' | 'stopped';
      readonly error: Error;
    }
  /**
   * A timer's event cannot be published: its type is not registered (`count` timers of it, told when the log is opened), or
   * the log refuses it. The timer stays in the log, and the next open tries it again.
   */
  | {
      readonly kind: 'timer-held';
      readonly key: string;
      readonly name: string;
      /** Unix epoch milliseconds. */
      readonly at: number;
      /** The type of its event. */
      readonly type: string;
      readonly error: Error;
    }
  | { readonly kind: 'timers-held'; readonly type: string; readonly count: number }
  /**
   * A snapshot of an aggregate cannot be read, or its state cannot be saved in one (told three times of an aggregate's
   * definition by each lane): the aggregate is read from its events. Nothing else follows from it.
   */
  | {
      readonly kind: 'snapshot-failed';
      /** What `defineAggregate` calls it. */
      readonly aggregate: string;
      readonly aggregateId: string;
      readonly error: Error;
    }
  /** An aggregate refused a command of a handler. The command is over. */
  | {
      readonly kind: 'command-refused';
      /** Name of the aggregate's definition, and the aggregate's id. */
      readonly aggregate: string;
      readonly aggregateId: string;
      readonly command: string;
      /** The event that led to it, and the handlers that sent it. */
      readonly position: number;
      readonly handler: string;
      readonly error: Error;
    }
  /** A command of a handler failed for good. It stays in the log: see `engine.heldCommands`. */
  | ({ readonly kind: 'command-held' } & HeldCommand)
  /** `engine.health()` is not what it was. */
  | ({ readonly kind: 'health'; readonly from: HealthStatus } & Health)
  /** The store was found damaged where nobody has read yet: `millrace verify` says where else. The engine goes on. */
  | { readonly kind: 'store-damaged'; readonly error: Error }
  /** The engine stopped, and nothing more is acknowledged; `recover` or the next open goes on. */
  | { readonly kind: 'failed'; readonly error: Error };

/** What `diagnostics_channel` calls the notices of all engines. */
export const NOTICE_CHANNEL = CHANNELS.notice;

const diagnostics = channel(NOTICE_CHANNEL);

/** Tells listeners what happens in an engine, and `diagnostics_channel` what happens in all of them. */
export class Notices extends Listeners<Notice> {
  override send(notice: Notice): void {
    outside(() => diagnostics.publish(notice));
    super.send(notice);
  }
}
