import { setImmediate } from 'node:timers';
import type { EventRegistry } from '../../events/registry.js';
import { pagesFrom } from '../../store/decode.js';
import type { StoreState } from '../../store/protocol.js';
import type { Store } from '../../store/store.js';
import type { KeyGate } from '../sequence/key-gate.js';
import type { Notices } from '../watch/notices.js';
import type { TimerKeeper } from './timer-keeper.js';
import type { WallTimers } from './wall-timers.js';

/** What beginning with the log's timers needs. */
export interface BeginningTimers {
  readonly store: Store;
  readonly registry: EventRegistry;
  readonly timers: TimerKeeper;
  readonly gate: KeyGate | undefined;
  readonly wallTimers: WallTimers | undefined;
  readonly hub: { pump(): void };
}

/**
 * Begins with the timers that the log has: those that are late fire now. Those whose types are not registered stay where
 * they are, and the owner is told once it can listen.
 *
 * @param recovered resolves when what was unfinished is handled: it may cancel timers of its keys.
 * @returns as `recovered`, when the timers of those keys that are late have fired as well.
 */
export function beginTimers(
  parts: BeginningTimers,
  stored: StoreState,
  notices: Notices,
  recovered: Promise<void>,
): Promise<void> {
  const { store, registry, timers, gate, wallTimers, hub } = parts;
  if (!stored.timers) {
    wallTimers?.recovered();
    return recovered;
  }
  for (const { type, count } of store.reader.timerCounts()) {
    const name = stored.types.find(({ id }) => id === type)?.name ?? '';
    if (registry.find(name)) continue;
    setImmediate(() => notices.send({ kind: 'timers-held', type: name, count }));
  }
  timers.begin();
  gate?.reach(timeOf(store));
  hub.pump();
  const fired = recovered.then(() => wallTimers?.recovered());
  // It need not be waited for.
  fired.catch(() => {});
  return fired;
}

/** How late it is in the data: what handlers emit, and timers, do not count. */
function timeOf({ reader }: Store): number {
  let time = Number.NEGATIVE_INFINITY;
  for (const page of pagesFrom(reader, 1)) {
    for (const { causation, occurredAt } of page) if (causation === 0) time = Math.max(time, occurredAt);
  }
  return time;
}
