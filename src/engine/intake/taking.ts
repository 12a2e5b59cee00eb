import type { NewEvent } from '../../events/define-event.js';
import { EngineFailedError } from '../../kernel/errors.js';
import { toError } from '../../kernel/thrown.js';
import type { ManyReceipt, PublishOptions, Receipt } from '../options.js';
import type { Taker } from '../sequence/hub-slab.js';
import type { Prepared } from '../sequence/row-facts.js';
import type { Need } from './admission.js';
import { Call } from './call.js';
import type { IntakeParts } from './intake-flow.js';
import { Intake } from './many.js';
import { kept } from './prepare.js';

/**
 * Runs `accept` when there is room and, in deterministic mode, the event's key is quiet. An event that must wait for
 * either is kept, so what is accepted is what was passed.
 */
export function enter(
  { entrance }: IntakeParts,
  event: Prepared,
  signal: AbortSignal | undefined,
  accept: (event: Prepared) => Receipt | Promise<Receipt>,
  need?: Need,
): Receipt | Promise<Receipt> {
  const { admission } = entrance;
  const isOpen = need ? admission.isOpenFor(need) : admission.isOpen;
  if (isOpen && !entrance.mustWait(event, need?.latest)) return accept(event);
  const waiting = kept(event);
  const go = (): Receipt | Promise<Receipt> => {
    if (!entrance.mustWait(waiting, need?.latest)) return accept(waiting);
    return new Promise<Receipt>((resolve, reject) => {
      const taker: Taker = { accept: () => resolve(accept(waiting)), refuse: reject };
      // Several events that belong together get their numbers one behind the other.
      entrance.whenQuiet(waiting, taker, need === undefined);
    });
  };
  return isOpen ? go() : entrance.whenRoom(go, signal, { need });
}

/** Gives an event its place. */
export function take({ hub }: IntakeParts, event: Prepared, call?: Call): Receipt {
  const position = hub.accept(event, call?.wave);
  return { position, version: hub.lastVersion };
}

/** Gives events their places, one after the other. Resolves with the last one's when all have come so far. */
export function takeTogether(
  parts: IntakeParts,
  events: readonly Prepared[],
  until: PublishOptions['until'],
): Receipt | Promise<Receipt> {
  const call = until === 'handled' && events.length > 1 ? new Call(parts.waves) : undefined;
  let receipt: Receipt = { position: 0, version: 0 };
  try {
    for (const event of events) receipt = take(parts, event, call);
  } catch (error) {
    call?.end();
    throw error;
  }
  return call ? whenAllHandled(parts, call, receipt) : whenAt(parts, receipt, until);
}

/**
 * Gives many events their places as they come, and waits for room. Resolves when all have come so far.
 *
 * @param prepare checks each one when its turn comes.
 */
export async function takeMany(
  parts: IntakeParts,
  events: Iterable<NewEvent> | AsyncIterable<NewEvent>,
  prepare: (event: NewEvent) => Prepared,
  { until, signal }: { readonly until: PublishOptions['until']; readonly signal: AbortSignal | undefined },
): Promise<ManyReceipt> {
  const { hub, waves } = parts;
  const call = until === 'handled' ? new Call(waves) : undefined;
  const intake = new Intake(parts, call);
  try {
    await intake.takeAll(events, prepare, signal);
    const receipt = await intake.finish();
    if (receipt.count === 0) return receipt;
    if (!call) await whenAt(parts, { position: receipt.lastPosition, version: 0 }, until);
    else {
      await call.settled();
      await hub.flushed();
      call.check(receipt);
    }
    return receipt;
  } finally {
    call?.end();
  }
}

/** Gives an event its place for a caller who does not wait: now, or when its key is quiet. */
export function takeSoon({ hub, entrance }: IntakeParts, event: Prepared): void {
  if (!entrance.mustWait(event)) {
    hub.accept(event);
    return;
  }
  const taker: Taker = {
    accept: (waiting) => hub.accept(waiting),
    // Nothing but a failed engine refuses it any more, and nobody waits for it.
    refuse: (error) => {
      if (!(error instanceof EngineFailedError)) hub.fail(toError(error));
    },
  };
  entrance.whenQuiet(kept(event), taker, true);
}

/** The receipt when its event has come so far. */
export function whenAt(
  { hub, receipts }: IntakeParts,
  receipt: Receipt,
  until: PublishOptions['until'],
): Receipt | Promise<Receipt> {
  if (until === 'accepted' || (until !== 'handled' && receipt.position <= hub.lastDurable)) return receipt;
  return until === 'handled' ? receipts.untilHandled(receipt) : receipts.untilDurable(receipt);
}

async function whenAllHandled({ hub }: IntakeParts, call: Call, receipt: Receipt): Promise<Receipt> {
  await call.settled();
  await hub.flushed();
  if (call.firstError) throw call.firstError;
  return receipt;
}
