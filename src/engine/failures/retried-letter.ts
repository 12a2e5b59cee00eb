import type { DeadLetterRecord } from '../../store/dead-letter.js';

/** A dead letter that is being tried again: whose it is, and what it had behind it. */
export type RetriedLetter = Pick<
  DeadLetterRecord,
  'position' | 'owners' | 'state' | 'attempts' | 'firstFailedAt'
>;
