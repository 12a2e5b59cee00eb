// Profiles of an engine, and what is made of them.

export { type FindLeaksOptions, findLeaks, type Leak } from '../engine/profiling/find-leaks.js';
export type { ProfileOptions } from '../engine/profiling/profile-options.js';
export type { ProfileReport, SnapshotOptions } from '../engine/profiling/profiling.js';
export { ENGINE_CHANNEL } from '../profile/engine-channel.js';
export type { ConstructorCount } from '../profile/heap-objects.js';
export type { ProfileChange, ProfileDiff } from '../profile/report/change.js';
export { type DiffOptions, diffProfiles } from '../profile/report/diff.js';
export type {
  Cause,
  HandlerRow,
  ProfileSummary,
  Room,
  ThreadSummary,
  Verdict,
} from '../profile/report/summary.js';
export { writeReport } from '../profile/report/write-report.js';
export type { ProfileSession } from '../profile/session.js';
