import { statSync } from 'node:fs';
import { rowOf, slabOf } from '../../events/slab.js';
import type { Hub } from '../hub.js';
import type { HubParts } from '../hub-parts.js';
import type { HealthFacts } from './health.js';
import type { RunningEvent } from './stalls.js';

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
    work: {
      inFlight: counters.inFlight,
      running: hub.crew.seats.flatMap((seat) =>
        (seat?.lane.cell.active ?? []).flatMap((row) => running(hub, row) ?? []),
      ),
      committing: !hub.commits.isIdle,
      retrying: hub.failures.pauses > 0,
      steps: counters.accepted + counters.handled + counters.failed + hub.commits.commits,
    },
  };
}

/** The event of a row that a lane says it is at; undefined when it has just ended. */
function running(hub: Hub, reference: number): RunningEvent | undefined {
  const slab = hub.pool.slabs[slabOf(reference)];
  const row = rowOf(reference);
  const key = slab?.keys[row]?.name;
  if (!slab || key === undefined) return undefined;
  const handler = hub.failures.modulesOf(hub.typeName(slab.type[row] as number));
  return { position: slab.position[row] as number, key, handler };
}

/** Bytes of a file, 0 when it is not there. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
