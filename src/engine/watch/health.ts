import { knownOptions, optionNames } from '../../events/known-options.js';
import { InvalidOptionError } from '../../kernel/errors.js';
import { shown } from '../../kernel/thrown.js';
import type { Time } from '../../kernel/time.js';
import {
  HEALTH_CHECK_MS,
  HEALTH_ERROR_RATE,
  HEALTH_LATENCY_MS,
  HEALTH_WAL_BYTES,
  HEALTH_WINDOW_MS,
  PRESSURE_AT,
} from '../../limits.js';
import { HEALTH_STALLED_MS } from '../limits.js';
import type { Health, HealthStatus } from './health-status.js';
import type { Notices } from './notices.js';
import { Stalls, type WorkFacts } from './stalls.js';

/** Above which an engine is no longer healthy. */
export interface HealthThresholds {
  /** Share of handlers' tries that fail, 0 to 1, over the last ten seconds or so. Default 0.05. */
  readonly errorRate?: number;
  /** Mean milliseconds from accepted to handled, over the same time. Default 1,000. */
  readonly latencyMs?: number;
  /** Bytes of the write-ahead log. Default 1 GiB. */
  readonly walBytes?: number;
  /**
   * Milliseconds that a handler may run for one event, and that nothing may be finished while events are in flight;
   * seen to about a second. Default 30,000. It ends nobody: see `timeoutMs`.
   */
  readonly stalledMs?: number;
}

const THRESHOLDS = optionNames<HealthThresholds>('health', {
  errorRate: true,
  latencyMs: true,
  walBytes: true,
  stalledMs: true,
});

/** What health is judged by: totals since the engine opened. */
export interface HealthFacts {
  /** What is going on; left out by whoever has no events. */
  readonly work?: WorkFacts;
  readonly failure: Error | undefined;
  readonly parkedKeys: number;
  /** Commands of handlers that failed for good. */
  readonly heldCommands?: number;
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

/**
 * Judges an engine's health by what happened in the last ten seconds, and says when it changes. It looks when
 * something happens and once more a second later, and goes on while events are in flight or while work has made the
 * engine unwell: the window moves on in silence, too. An idle engine in good health runs nothing.
 */
export class HealthWatch {
  readonly #thresholds: Required<HealthThresholds>;
  readonly #measure: () => HealthFacts;
  readonly #notices: Notices;
  #status: HealthStatus = 'HEALTHY';
  #parkedKeys = 0;
  /** The looks of the window, and the last one before it; oldest first. */
  readonly #marks: Mark[];
  readonly #stalls = new Stalls();
  readonly #time: Time;
  #timer: unknown;
  #busy = false;
  #ended = false;
  /** What others have to say of the engine, in words. */
  #others = new Set<() => readonly string[]>();

  constructor(
    thresholds: Required<HealthThresholds>,
    measure: () => HealthFacts,
    notices: Notices,
    time: Time,
  ) {
    this.#thresholds = thresholds;
    this.#measure = measure;
    this.#notices = notices;
    this.#time = time;
    this.#marks = [{ at: time.steady(), facts: measure() }];
  }

  get current(): Health {
    return this.#judge(this.#measure());
  }

  /**
   * Called once an answer; looks about once a second, but at once when keys were parked or freed. What happens
   * between two looks is seen by the next, which a timer makes: it may be the last thing for a long time.
   */
  check(parkedKeys: number): void {
    const changed = parkedKeys !== this.#parkedKeys;
    this.#parkedKeys = parkedKeys;
    if (this.#timer === undefined) this.#look();
    else if (changed) this.tell();
    this.#busy = true;
  }

  /** Has what stands on the engine judged with it. Returns what ends that. */
  also(reasons: () => readonly string[]): () => void {
    this.#others.add(reasons);
    return () => this.#others.delete(reasons);
  }

  /** Says so when the health is not what it was. */
  tell(): void {
    this.#tell(this.#measure());
  }

  /** Goes on where the watch of the engine before its recovery ended. */
  follow(other: HealthWatch): void {
    this.#status = other.#status;
    this.#others = other.#others;
    this.tell();
  }

  /** Looks no more by itself. */
  end(): void {
    this.#ended = true;
    this.#time.clear(this.#timer);
  }

  #look(): void {
    const facts = this.#measure();
    const now = this.#time.steady();
    this.#marks.push({ at: now, facts });
    if (facts.work) this.#stalls.look(facts.work, now);
    this.#busy = false;
    // Armed first, because a listener may end the watch.
    this.#arm();
    this.#tell(facts);
  }

  #arm(): void {
    if (this.#ended) return;
    this.#timer = this.#time.background(() => {
      this.#timer = undefined;
      const facts = this.#measure();
      if (this.#busy || (facts.work?.inFlight ?? 0) > 0 || this.#judgeWork(facts).reasons.length > 0)
        this.#look();
      else this.tell();
    }, HEALTH_CHECK_MS);
  }

  #tell(facts: HealthFacts): void {
    const health = this.#judge(facts);
    if (health.status === this.#status) return;
    const from = this.#status;
    this.#status = health.status;
    this.#notices.send({ kind: 'health', from, ...health });
  }

  #judge(facts: HealthFacts): Health {
    if (facts.failure) return { status: 'UNHEALTHY', reasons: [facts.failure.message] };
    const work = this.#judgeWork(facts);
    const { walBytes, stalledMs } = this.#thresholds;
    const reasons = [
      ...work.reasons,
      ...(facts.work ? this.#stalls.reasons(facts.work, stalledMs, this.#time.steady()) : []),
      ...ofState(facts, walBytes),
      ...[...this.#others].flatMap((others) => others()),
    ];
    // When most tries fail the engine runs, but does not do what it is there for.
    if (work.errorRate > 0.5) return { status: 'UNHEALTHY', reasons };
    return { status: reasons.length === 0 ? 'HEALTHY' : 'DEGRADED', reasons };
  }

  /** What was done in the window. */
  #judgeWork(facts: HealthFacts): { readonly errorRate: number; readonly reasons: readonly string[] } {
    const before = this.#before();
    const failures = facts.failed - before.failed;
    const errorRate = share(failures, failures + facts.handled - before.handled);
    const latency = share(facts.latencySum - before.latencySum, facts.latencyCount - before.latencyCount);
    const reasons = [
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
    return { errorRate, reasons };
  }

  /** The facts at the begin of the window. */
  #before(): HealthFacts {
    const begin = this.#time.steady() - HEALTH_WINDOW_MS;
    while (this.#marks.length > 1 && (this.#marks[1] as Mark).at <= begin) this.#marks.shift();
    return (this.#marks[0] as Mark).facts;
  }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function ofState(facts: HealthFacts, walLimit: number): string[] {
  const { parkedKeys, heldCommands = 0, full, openLanes, walBytes } = facts;
  return [
    ...(openLanes === 0 ? ['No lane takes work: every one is being opened or replaced.'] : []),
    ...(parkedKeys > 0
      ? [`${parkedKeys} ${parkedKeys === 1 ? 'key is' : 'keys are'} parked: see engine.deadLetters.list().`]
      : []),
    ...(heldCommands > 0
      ? [
          `${heldCommands} ${heldCommands === 1 ? 'command' : 'commands'} of handlers failed for good: see engine.heldCommands().`,
        ]
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
    stalledMs = HEALTH_STALLED_MS,
  } = knownOptions(thresholds, THRESHOLDS);
  for (const [name, value, most] of [
    ['errorRate', errorRate, 1],
    ['latencyMs', latencyMs, Number.MAX_VALUE],
    ['walBytes', walBytes, Number.MAX_VALUE],
    ['stalledMs', stalledMs, Number.MAX_VALUE],
  ] as const) {
    if (value >= 0 && value <= most) continue;
    throw new InvalidOptionError(
      `Option health.${name} is ${shown(value)}; it must be a number from 0${most === 1 ? ' to 1' : ''}.`,
    );
  }
  return { errorRate, latencyMs, walBytes, stalledMs };
}
