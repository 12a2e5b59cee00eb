// Store files without an engine: read, trace, verify, and edit dead letters.
export type { DeadLetter, DeadLetterState } from '../store/dead-letter.js';
export { discardDeadLetters, retryDeadLetters } from '../store/dead-letter-editor.js';
export {
  type DeadLetterOptions,
  type KeyStateEntry,
  openStoreReader,
  type StoreReader,
  type StoreReadOptions,
  type StoreSummary,
} from '../store/inspect.js';
export type { StateCount } from '../store/state.js';
export type { Trace, TraceNode, TraceQuery } from '../store/story.js';
export { traceStory } from '../store/trace.js';
export { type StoreReport, verifyStore } from '../store/verify.js';
export type { StoreProblem, StoreProblemKind } from '../store/verify-problems.js';
