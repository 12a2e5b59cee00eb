import { statSync } from 'node:fs';
import type { HealthFacts } from './health.js';
import type { Hub } from './hub.js';
import type { HubParts } from './hub-parts.js';

/** What a hub's health is judged by, at this moment. */
export function healthFacts(hub: Hub, { counters, meters, store }: HubParts, full: number): HealthFacts {
  return {
    failure: hub.failure,
    parkedKeys: hub.parking.parked,
    full,
    openLanes: hub.crew.seats.filter((seat) => seat?.state === 'open').length,
    failed: counters.failed,
    handled: counters.handled,
    latencySum: meters.handled.sum,
    latencyCount: meters.handled.count,
    walBytes: store.location === 'memory' ? 0 : sizeOf(`${store.location}-wal`),
  };
}

/** Bytes of a file, 0 when it is not there. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
