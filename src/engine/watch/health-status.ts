/** How an engine is. `DEGRADED`: it works, but somebody should look. `UNHEALTHY`: it does not work. */
export type HealthStatus = 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY';

/** Whether an engine works, and why not. */
export interface Health {
  readonly status: HealthStatus;
  /** In words, empty when healthy. */
  readonly reasons: readonly string[];
}
