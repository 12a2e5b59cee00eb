import { Call } from './call.js';
import type { Hub } from './hub.js';
import type { PublishOptions, Receipt } from './options.js';
import type { Prepared } from './prepare.js';

/** Runs `accept` when there is room and, in deterministic mode, the key is quiet. */
export function enter(
  { entrance }: Hub,
  key: string,
  accept: () => Receipt | Promise<Receipt>,
  signal: AbortSignal | undefined,
): Receipt | Promise<Receipt> {
  const take = (): Receipt | Promise<Receipt> => {
    if (!entrance.mustWait(key)) return accept();
    return new Promise((resolve, reject) => {
      entrance.whenQuiet(key, () => resolve(accept()), reject);
    });
  };
  return entrance.admission.isOpen ? take() : entrance.whenRoom(take, signal);
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
