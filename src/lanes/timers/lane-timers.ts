import type { SentCommand } from '../../events/sent-command.js';
import { TooManyCommandsError } from '../../kernel/command-errors.js';
import { PayloadTooLargeError } from '../../kernel/errors.js';
import { TooManyTimersError } from '../../kernel/timer-errors.js';
import { MAX_SENT_PER_EVENT, SENT_OVERHEAD } from '../aggregates/limits.js';
import { LANE_TIMER_BYTES, MAX_SCHEDULED_BYTES, MAX_TIMERS_PER_KEY } from './limits.js';

/** An event that a timer holds, checked and encoded. */
export interface ScheduledEvent {
  /** Id of its stored type. */
  readonly type: number;
  readonly occurredAt: number;
  readonly aggregateId: string;
  /** Empty: the same as the aggregate id. */
  readonly partitionKey: string;
  /** The payload's bytes, as a text of one character for each. */
  readonly data: string;
  /** Likewise. */
  readonly metadata: string;
}

/** What a handler wants of its key's timers, as it lies in a lane's answer. */
export type TimerCommand =
  | {
      readonly kind: 'schedule';
      readonly name: string;
      /** Unix epoch milliseconds. */
      readonly at: number;
      readonly event: ScheduledEvent;
    }
  | { readonly kind: 'cancel'; readonly name: string };

/** What the handlers of one event want of timers and of aggregates. */
export interface TimerOrders {
  /** Row reference of the event. */
  readonly cause: number;
  /** At most one for each name, in the order in which they were given last. */
  readonly commands: readonly TimerCommand[];
  /** In the order in which they were sent. */
  readonly sent: readonly SentCommand[];
}

/** The orders of a lane's events since its last answer, in the order in which the events ended. */
export class LaneTimers {
  #orders: TimerOrders[] = [];
  #bytes = 0;

  /** Whether so much is scheduled that it must be told now. */
  get isFull(): boolean {
    return this.#bytes > LANE_TIMER_BYTES;
  }

  add(cause: number, { commands, sent, bytes }: EventTimers): void {
    this.#orders.push({ cause, commands, sent });
    this.#bytes += bytes;
  }

  take(): readonly TimerOrders[] | undefined {
    if (this.#orders.length === 0) return undefined;
    const orders = this.#orders;
    this.#orders = [];
    this.#bytes = 0;
    return orders;
  }
}

/** What the handlers of one event have wanted so far. */
export class EventTimers {
  readonly #commands = new Map<string, TimerCommand>();
  readonly sent: SentCommand[] = [];
  bytes = 0;

  get commands(): readonly TimerCommand[] {
    return [...this.#commands.values()];
  }

  /** What was wanted of the name before does not count any more. @throws TooManyTimersError, PayloadTooLargeError */
  add(key: string, command: TimerCommand): void {
    const before = this.#commands.get(command.name);
    const bytes = this.bytes + bytesOf(command) - (before ? bytesOf(before) : 0);
    checkBytes(bytes);
    if (!before && this.#commands.size >= 2 * MAX_TIMERS_PER_KEY) throw tooManyTimers(key);
    this.#commands.delete(command.name);
    this.#commands.set(command.name, command);
    this.bytes = bytes;
  }

  /** A command is sent when the event has succeeded. @throws TooManyCommandsError, PayloadTooLargeError */
  send(command: SentCommand): void {
    if (this.sent.length >= MAX_SENT_PER_EVENT) {
      throw new TooManyCommandsError(
        `The handlers of one event sent more than ${MAX_SENT_PER_EVENT} commands. Send one whose input is a list, or fewer from each of several events.`,
        { details: { limit: MAX_SENT_PER_EVENT } },
      );
    }
    const bytes = this.bytes + SENT_OVERHEAD + (command.input?.length ?? 0);
    checkBytes(bytes);
    this.sent.push(command);
    this.bytes = bytes;
  }
}

/** @throws PayloadTooLargeError */
function checkBytes(bytes: number): void {
  if (bytes <= MAX_SCHEDULED_BYTES) return;
  throw new PayloadTooLargeError(
    `The handlers of one event scheduled events and sent commands of more than ${MAX_SCHEDULED_BYTES} bytes. Make them fewer, or smaller.`,
  );
}

/** What a key that wants one timer more than it may is told. */
export function tooManyTimers(key: string): TooManyTimersError {
  return new TooManyTimersError(
    `Key '${key}' would have more than ${MAX_TIMERS_PER_KEY} pending timers. Cancel some, use a name again, or use more keys.`,
    { details: { key, limit: MAX_TIMERS_PER_KEY } },
  );
}

function bytesOf(command: TimerCommand): number {
  if (command.kind === 'cancel') return 0;
  return command.event.data.length + command.event.metadata.length;
}
