/** Bells of a key: a timer of the same one is replaced. */
const BELLS = 3;

/** The name of the timer that a number schedules or cancels. */
export const bellOf = (/** @type {number} */ number) => `bell ${number % BELLS}`;

/**
 * What an event wants of its key's timers.
 *
 * @param {number} number
 * @param {number} occurredAt of the event
 * @returns {{ readonly at: number } | 'cancel' | undefined}
 */
export function timerOf(number, occurredAt) {
  if (number % 7 === 3) return { at: Math.ceil(occurredAt) + ((number * 13) % 150) };
  return number % 11 === 5 ? 'cancel' : undefined;
}
