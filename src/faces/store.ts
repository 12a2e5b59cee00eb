// Store files without an engine: read, trace, verify, and edit dead letters.

export type { PendingCommand } from '../store/all-commands.js';
export type { KeyStateEntry } from '../store/all-states.js';
export type { PendingTimer } from '../store/all-timers.js';
export type { DeadLetter, DeadLetterState } from '../store/dead-letter.js';
export { discardDeadLetters, retryDeadLetters } from '../store/dead-letter-editor.js';
export {
  openStoreReader,
  type StoreReader,
  type StoreReadOptions,
  type StoreSummary,
} from '../store/inspect.js';
export type {
  DeadLetterOptions,
  PendingCommandOptions,
  StoreListOptions,
} from '../store/list-options.js';
export type { SnapshotCount } from '../store/snapshot.js';
export type { SqlRow, SqlRows } from '../store/sql/rows.js';
export type { SqlValue, SqlValues } from '../store/sql/statement.js';
export { SQL_TABLES, type SqlTableInfo } from '../store/sql/table-info.js';
export type { StateCount } from '../store/state.js';
export type { Trace, TraceNode, TraceQuery } from '../store/story.js';
export { traceStory } from '../store/trace.js';
export { type StoreReport, verifyStore } from '../store/verify/verify.js';
export type { StoreProblem, StoreProblemKind } from '../store/verify/verify-problems.js';
export type { EventSelection } from '../transfer/event-selection.js';
export { type ExportOptions, type ExportSummary, exportStore } from '../transfer/export.js';
export type { ExportForm } from '../transfer/form.js';
export { type ImportOptions, type ImportSummary, importStore } from '../transfer/import.js';
