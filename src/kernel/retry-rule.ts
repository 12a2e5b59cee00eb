import { MAX_DELAY_MS, MAX_RETRIES, RETRY_DELAY_MAX_MS, RETRY_DELAY_MS, RETRY_JITTER } from '../limits.js';
import { isWhole } from './check.js';

/** When what failed is tried again, with every default filled in. */
export interface RetryRule {
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly maxRetryDelayMs: number;
  readonly jitter: number;
}

/** Refuses an option: its name, the value, and what it must be. */
export type Refuse = (name: string, value: unknown, range: string) => void;

/** The one retry rule of handlers and subscribers: its defaults and its ranges. @param refuse throws. */
export function retryRuleOf(options: Partial<RetryRule>, refuse: Refuse): RetryRule {
  const { retries = 0, retryDelayMs = RETRY_DELAY_MS, jitter = RETRY_JITTER } = options;
  const { maxRetryDelayMs = Math.max(RETRY_DELAY_MAX_MS, retryDelayMs) } = options;
  checkWhole(refuse, 'retries', retries, 0, MAX_RETRIES);
  checkWhole(refuse, 'retryDelayMs', retryDelayMs, 0, MAX_DELAY_MS);
  checkWhole(refuse, 'maxRetryDelayMs', maxRetryDelayMs, retryDelayMs, MAX_DELAY_MS);
  if (!(typeof jitter === 'number' && jitter >= 0 && jitter <= 1)) {
    refuse('jitter', jitter, 'a number from 0 to 1');
  }
  return { retries, retryDelayMs, maxRetryDelayMs, jitter };
}

/** Refuses what is no whole number of a range. */
export function checkWhole(refuse: Refuse, name: string, value: unknown, least: number, most: number): void {
  if (isWhole(value, least, most)) return;
  refuse(name, value, `a whole number from ${least} to ${most}`);
}

/**
 * Milliseconds to wait after so many tries: exponential, capped, and shortened by chance.
 *
 * @param random a number from 0 to 1; asked only where the rule has jitter.
 */
export function pauseAfter(
  tries: number,
  { retryDelayMs, maxRetryDelayMs, jitter }: RetryRule,
  random: () => number = Math.random,
): number {
  const pause = Math.min(retryDelayMs * 2 ** (tries - 1), maxRetryDelayMs);
  return jitter === 0 ? pause : pause * (1 - jitter * random());
}
