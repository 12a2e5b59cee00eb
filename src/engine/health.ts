import { PRESSURE_AT } from '../limits.js';
import type { Hub } from './hub.js';

/** How an engine is. `DEGRADED`: it works, but somebody should look. `UNHEALTHY`: it does not work. */
export type HealthStatus = 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY';

export interface Health {
  readonly status: HealthStatus;
  /** In words, empty when healthy. */
  readonly reasons: readonly string[];
}

/** How a hub is. */
export function healthOf({ failure, parking, pressure, crew }: Hub): Health {
  if (failure) return { status: 'UNHEALTHY', reasons: [failure.message] };
  const { parked } = parking;
  const { share } = pressure;
  const reasons = [
    ...(crew.seats.some((seat) => seat?.state === 'open')
      ? []
      : ['No lane takes work: every one is being opened or replaced.']),
    ...(parked > 0
      ? [`${parked} ${parked === 1 ? 'key is' : 'keys are'} parked: see engine.deadLetters.list().`]
      : []),
    ...(share >= PRESSURE_AT
      ? [`The engine is ${Math.round(share * 100)} % full: publishers will soon wait.`]
      : []),
  ];
  return { status: reasons.length === 0 ? 'HEALTHY' : 'DEGRADED', reasons };
}
