import { checkEventOptions, type NewEvent, plainEventOptions } from '../../events/define-event.js';
import { snapshotOf } from '../../events/snapshot.js';
import { UnknownEventTypeError } from '../../kernel/errors.js';

/**
 * An event that an aggregate raises, as it is now: what becomes of the caller's payload and options before it is appended
 * changes nothing. Whether the payload fits is said when it is appended.
 *
 * @param call what raises it, as the error names it.
 * @throws UnknownEventTypeError when no event type made it; InvalidOptionError.
 */
export function raisedNow<Event extends NewEvent>(call: string, event: Event): Event {
  if (!event?.definition) {
    throw new UnknownEventTypeError(
      `${call} needs an event made by its event type: ${call}(Deposited({ … })).`,
    );
  }
  checkEventOptions(event);
  const options = event.options && snapshotOf(plainEventOptions(event.options));
  return { ...event, data: snapshotOf(event.data), options };
}
