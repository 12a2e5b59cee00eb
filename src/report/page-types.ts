import type { ProfiledSpan, ProfileSession } from '../sampling/session.js';
import type { ProfileSummary, Room } from './summary.js';

/** A frame of the flame graph: its function, where it stands (or an empty text), whose code it is. */
export type PageFrame = readonly [name: string, place: string, room: Room];

/** A call tree in columns: node n's caller, frame and own weight, and the handler it ran for (-1: none). */
export interface PageGraph {
  readonly parents: readonly number[];
  readonly frames: readonly number[];
  readonly weights: readonly number[];
  readonly handlers: readonly number[];
}

/** Everything that the report's page shows. */
export interface PageData {
  readonly session: Omit<ProfileSession, 'spans' | 'handled'>;
  readonly summary: ProfileSummary;
  readonly frames: readonly PageFrame[];
  readonly handlers: readonly string[];
  readonly graphs: readonly {
    readonly thread: string;
    readonly cpu?: PageGraph;
    readonly heap?: PageGraph;
  }[];
  readonly spans: readonly ProfiledSpan[];
}
