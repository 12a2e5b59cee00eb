import type { AnyEventType, HandlerContext, NewEvent } from '../index.js';
import type { ScheduleOptions, TimerTime } from '../lanes/timers/timer-time.js';
import { instantOf } from '../lanes/timers/timer-time.js';
import type { SeenEvent } from './event-source.js';
import { type ExpectedEvent, expectation } from './expected-event.js';
import { eventText } from './text.js';

/** A timer that a handler has scheduled. */
export interface ScheduledTimer {
  readonly name: string;
  /** Unix epoch milliseconds. */
  readonly at: number;
  /** The event that it will publish. */
  readonly event: NewEvent;
}

/** A timer that a handler is expected to schedule. */
export interface ExpectedTimer {
  readonly event: ExpectedEvent<never>;
  /** As it is given to `ctx.schedule`; `{ in }` counts from the test clock. */
  readonly at: TimerTime;
  /** Default: the type of the event that was scheduled. */
  readonly name?: string;
}

/** What the handlers of one event have wanted of timers, by the names of these, in the order in which they said so last. */
export class HeardTimers {
  readonly scheduled = new Map<string, ScheduledTimer>();
  readonly cancelled = new Set<string>();

  /** A context that notes what is said to the given one. Everything else is the given one's own. */
  hearing(context: HandlerContext): HandlerContext {
    const heard = {
      schedule: (event: NewEvent, at: TimerTime, options?: ScheduleOptions) => {
        const time = instantOf(at, context.now());
        context.schedule(event, time, options);
        const name = options?.name ?? event.type;
        this.scheduled.delete(name);
        this.cancelled.delete(name);
        this.scheduled.set(name, { name, at: time, event });
      },
      cancel: (given: string | AnyEventType) => {
        context.cancel(given);
        const name = typeof given === 'string' ? given : given.type;
        this.scheduled.delete(name);
        this.cancelled.add(name);
      },
    };
    return new Proxy(context, {
      get: (target, name) => {
        if (name === 'schedule' || name === 'cancel') return heard[name];
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  clear(): void {
    this.scheduled.clear();
    this.cancelled.clear();
  }
}

/** What keeps timers from being the expected ones, a line each; empty when nothing does. */
export function timerDifferences(
  expected: readonly ExpectedTimer[],
  scheduled: readonly ScheduledTimer[],
  now: number,
): string[] {
  const lines: string[] = [];
  for (let index = 0; index < Math.max(expected.length, scheduled.length); index++) {
    const wanted = expected[index];
    const timer = scheduled[index];
    if (!wanted) lines.push(`timer ${index + 1} was not expected: ${timer && timerText(timer)}`);
    else if (!timer) lines.push(`timer ${index + 1} was not scheduled: ${expectation(wanted.event).text}`);
    else lines.push(...differencesOf(wanted, timer, now).map((line) => `timer ${index + 1}: ${line}`));
  }
  return lines;
}

/** A timer on one line. */
export function timerText({ name, at, event }: ScheduledTimer): string {
  return `'${name}' at ${at} ${eventText(seen(event, at))}`;
}

function differencesOf(wanted: ExpectedTimer, { name, at, event }: ScheduledTimer, now: number): string[] {
  const { event: expected, at: time, name: wantedName = event.type } = wanted;
  const instant = instantOf(time, now);
  return [
    ...(instant === at ? [] : [`at: expected ${instant}, got ${at}`]),
    ...(wantedName === name ? [] : [`name: expected '${wantedName}', got '${name}'`]),
    ...expectation(expected).differences(seen(event, at)),
  ];
}

/** The event as it will be when it is published. */
function seen({ type, data, options, definition }: NewEvent, at: number): SeenEvent {
  const parsed = definition?.schema.safeParse(data);
  const payload = parsed?.success ? parsed.data : data;
  return {
    position: 0,
    type,
    aggregateId: definition?.aggregateId(payload as never) ?? '',
    data: payload,
    occurredAt: options?.occurredAt === undefined ? at : +options.occurredAt,
    metadata: { ...options?.metadata },
  };
}
