// Profiles of an engine, and what is made of them.

export { type FindLeaksOptions, findLeaks, type Leak } from '../engine/profiling/find-leaks.js';
export type { ProfileOptions } from '../engine/profiling/profile-options.js';
export type { ProfileReport, SnapshotOptions } from '../engine/profiling/profiling.js';
export { ENGINE_CHANNEL } from '../observe/engine-channel.js';
export type { ProfileChange, ProfileDiff } from '../report/change.js';
export { type DiffOptions, diffProfiles } from '../report/diff.js';
export type {
  Cause,
  HandlerRow,
  ProfileSummary,
  Room,
  ThreadSummary,
  Verdict,
} from '../report/summary.js';
export { writeReport } from '../report/write-report.js';
export type { ConstructorCount } from '../sampling/heap-objects.js';
export type { ProfileSession } from '../sampling/session.js';
