import type { Need } from './admission.js';
import { Call } from './call.js';
import type { Hub } from './hub.js';
import type { PublishOptions, Receipt } from './options.js';
import { kept, type Prepared } from './prepare.js';

/**
 * Runs `accept` when there is room and, in deterministic mode, the event's key is quiet. An event that must wait for
 * either is kept, so what is accepted is what was passed.
 */
export function enter(
  { entrance }: Hub,
  event: Prepared,
  signal: AbortSignal | undefined,
  accept: (event: Prepared) => Receipt | Promise<Receipt>,
  need?: Need,
): Receipt | Promise<Receipt> {
  const { admission } = entrance;
  const isOpen = need ? admission.isOpenFor(need) : admission.isOpen;
  if (isOpen && !entrance.mustWait(event.partitionKey)) return accept(event);
  const waiting = kept(event);
  const go = (): Receipt | Promise<Receipt> => {
    if (!entrance.mustWait(waiting.partitionKey)) return accept(waiting);
    return new Promise<Receipt>((resolve, reject) => {
      // Several events that belong together get their numbers one behind the other.
      const ahead = need ? undefined : waiting;
      entrance.whenQuiet(waiting, () => resolve(accept(waiting)), reject, { ahead });
    });
  };
  return isOpen ? go() : entrance.whenRoom(go, signal, { need });
}

/** Gives an event its place. */
export function take(hub: Hub, event: Prepared, call?: Call): Receipt {
  const position = hub.accept(event, call?.wave);
  return { position, version: hub.sequencer.lastVersion };
}

/** Gives events their places, one after the other. Resolves with the last one's when all have come so far. */
export function takeTogether(
  hub: Hub,
  events: readonly Prepared[],
  until: PublishOptions['until'],
): Receipt | Promise<Receipt> {
  const call = until === 'handled' && events.length > 1 ? new Call(hub.waves) : undefined;
  let receipt: Receipt = { position: 0, version: 0 };
  try {
    for (const event of events) receipt = take(hub, event, call);
  } catch (error) {
    call?.end();
    throw error;
  }
  return call ? whenAllHandled(hub, call, receipt) : whenAt(hub, receipt, until);
}

/** The receipt when its event has come so far. */
export function whenAt(
  { receipts, lastDurable }: Hub,
  receipt: Receipt,
  until: PublishOptions['until'],
): Receipt | Promise<Receipt> {
  if (until === 'accepted' || (until !== 'handled' && receipt.position <= lastDurable)) return receipt;
  return until === 'handled' ? receipts.untilHandled(receipt) : receipts.untilDurable(receipt);
}

async function whenAllHandled(hub: Hub, call: Call, receipt: Receipt): Promise<Receipt> {
  await call.settled();
  await hub.flushed();
  if (call.firstError) throw call.firstError;
  return receipt;
}
