import { setImmediate } from 'node:timers';
import type { EventRegistry } from '../../events/registry.js';
import { pagesFrom } from '../../store/decode.js';
import type { StoreState } from '../../store/protocol.js';
import type { Store } from '../../store/store.js';
import type { KeyGate } from '../sequence/key-gate.js';
import type { Notices } from '../watch/notices.js';
import type { TimerKeeper } from './timer-keeper.js';

/** What beginning with the log's timers needs. */
export interface BeginningTimers {
  readonly store: Store;
  readonly registry: EventRegistry;
  readonly timers: TimerKeeper;
  readonly gate: KeyGate | undefined;
  readonly hub: { pump(): void };
}

/**
 * Begins with the timers that the log has: those that are late fire now. Those whose types are not registered stay where
 * they are, and the owner is told once it can listen.
 */
export function beginTimers(parts: BeginningTimers, stored: StoreState, notices: Notices): void {
  if (!stored.timers) return;
  const { store, registry, timers, gate, hub } = parts;
  for (const { type, count } of store.reader.timerCounts()) {
    const name = stored.types.find(({ id }) => id === type)?.name ?? '';
    if (registry.find(name)) continue;
    setImmediate(() => notices.send({ kind: 'timers-held', type: name, count }));
  }
  timers.begin();
  gate?.reach(timeOf(store));
  hub.pump();
}

/** How late it is in the data: what handlers emit, and timers, do not count. */
function timeOf({ reader }: Store): number {
  let time = Number.NEGATIVE_INFINITY;
  for (const page of pagesFrom(reader, 1)) {
    for (const { causation, occurredAt } of page) if (causation === 0) time = Math.max(time, occurredAt);
  }
  return time;
}
