import { InvalidOptionError } from '../events/errors.js';
import {
  HEALTH_CHECK_MS,
  HEALTH_ERROR_RATE,
  HEALTH_LATENCY_MS,
  HEALTH_WAL_BYTES,
  HEALTH_WINDOW_MS,
  PRESSURE_AT,
} from '../limits.js';
import type { Notices } from './notices.js';

/** How an engine is. `DEGRADED`: it works, but somebody should look. `UNHEALTHY`: it does not work. */
export type HealthStatus = 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY';

export interface Health {
  readonly status: HealthStatus;
  /** In words, empty when healthy. */
  readonly reasons: readonly string[];
}

/** Above which an engine is no longer healthy. */
export interface HealthThresholds {
  /** Share of handlers' tries that fail, 0 to 1, over the last ten seconds or so. Default 0.05. */
  readonly errorRate?: number;
  /** Mean milliseconds from accepted to handled, over the same time. Default 1,000. */
  readonly latencyMs?: number;
  /** Bytes of the write-ahead log. Default 1 GiB. */
  readonly walBytes?: number;
}

/** What health is judged by: totals since the engine opened. */
export interface HealthFacts {
  readonly failure: Error | undefined;
  readonly parkedKeys: number;
  /** Share of the tighter limit that is used. */
  readonly full: number;
  readonly openLanes: number;
  readonly failed: number;
  readonly handled: number;
  /** Milliseconds and number of the handled events' times. */
  readonly latencySum: number;
  readonly latencyCount: number;
  readonly walBytes: number;
}

interface Mark {
  readonly at: number;
  readonly facts: HealthFacts;
}

/** Judges an engine's health over a sliding window, and says when it changes. Nothing runs while nothing happens. */
export class HealthWatch {
  readonly #thresholds: Required<HealthThresholds>;
  readonly #measure: () => HealthFacts;
  readonly #notices: Notices;
  #status: HealthStatus = 'HEALTHY';
  #checkedAt = 0;
  #parkedKeys = 0;
  #before: Mark;
  #since: Mark;

  constructor(thresholds: Required<HealthThresholds>, measure: () => HealthFacts, notices: Notices) {
    this.#thresholds = thresholds;
    this.#measure = measure;
    this.#notices = notices;
    this.#since = { at: performance.now(), facts: measure() };
    this.#before = this.#since;
  }

  get current(): Health {
    return this.#judge(this.#measure());
  }

  /**
   * Called once an answer; looks at most once a second, but at once when keys were parked or freed: that may be the
   * last thing that happens for a long time.
   */
  check(parkedKeys: number): void {
    const now = performance.now();
    if (now - this.#checkedAt < HEALTH_CHECK_MS && parkedKeys === this.#parkedKeys) return;
    this.#checkedAt = now;
    this.#parkedKeys = parkedKeys;
    this.tell();
  }

  /** Says so when the health is not what it was. */
  tell(): void {
    const facts = this.#measure();
    const health = this.#judge(facts);
    if (performance.now() - this.#since.at > HEALTH_WINDOW_MS) {
      this.#before = this.#since;
      this.#since = { at: performance.now(), facts };
    }
    if (health.status === this.#status) return;
    const from = this.#status;
    this.#status = health.status;
    this.#notices.send({ kind: 'health', from, ...health });
  }

  #judge(facts: HealthFacts): Health {
    if (facts.failure) return { status: 'UNHEALTHY', reasons: [facts.failure.message] };
    const errorRate = this.#errorRate(facts);
    const reasons = [...this.#ofWork(facts, errorRate), ...ofState(facts, this.#thresholds.walBytes)];
    // When most tries fail the engine runs, but does not do what it is there for.
    if (errorRate > 0.5) return { status: 'UNHEALTHY', reasons };
    return { status: reasons.length === 0 ? 'HEALTHY' : 'DEGRADED', reasons };
  }

  #errorRate({ failed, handled }: HealthFacts): number {
    const { facts } = this.#before;
    const failures = failed - facts.failed;
    const tries = failures + handled - facts.handled;
    return tries === 0 ? 0 : failures / tries;
  }

  #ofWork({ latencySum, latencyCount }: HealthFacts, errorRate: number): string[] {
    const { facts } = this.#before;
    const count = latencyCount - facts.latencyCount;
    const latency = count === 0 ? 0 : (latencySum - facts.latencySum) / count;
    return [
      ...(errorRate > this.#thresholds.errorRate
        ? [
            `${(errorRate * 100).toFixed(1)} % of handlers' tries fail: see engine.deadLetters and stats().failed.`,
          ]
        : []),
      ...(latency > this.#thresholds.latencyMs
        ? [
            `Events take ${Math.round(latency)} ms until they are handled: handlers are too slow, or too few threads.`,
          ]
        : []),
    ];
  }
}

function ofState({ parkedKeys, full, openLanes, walBytes }: HealthFacts, walLimit: number): string[] {
  return [
    ...(openLanes === 0 ? ['No lane takes work: every one is being opened or replaced.'] : []),
    ...(parkedKeys > 0
      ? [`${parkedKeys} ${parkedKeys === 1 ? 'key is' : 'keys are'} parked: see engine.deadLetters.list().`]
      : []),
    ...(full >= PRESSURE_AT
      ? [`The engine is ${Math.round(full * 100)} % full: publishers will soon wait.`]
      : []),
    ...(walBytes > walLimit
      ? [
          `The write-ahead log has ${Math.round(walBytes / 2 ** 20)} MiB: some reader keeps a transaction open.`,
        ]
      : []),
  ];
}

/** @throws InvalidOptionError */
export function checkThresholds(thresholds: HealthThresholds = {}): Required<HealthThresholds> {
  const {
    errorRate = HEALTH_ERROR_RATE,
    latencyMs = HEALTH_LATENCY_MS,
    walBytes = HEALTH_WAL_BYTES,
  } = thresholds;
  for (const [name, value, most] of [
    ['errorRate', errorRate, 1],
    ['latencyMs', latencyMs, Number.MAX_VALUE],
    ['walBytes', walBytes, Number.MAX_VALUE],
  ] as const) {
    if (value >= 0 && value <= most) continue;
    throw new InvalidOptionError(
      `Option health.${name} is ${value}; it must be a number from 0${most === 1 ? ' to 1' : ''}.`,
    );
  }
  return { errorRate, latencyMs, walBytes };
}
