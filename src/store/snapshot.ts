/** The state of an aggregate that takes commands, as it was after one of its events. */
export interface StoredSnapshot {
  /** Number of the aggregate's name. */
  readonly aggregate: number;
  /** What `defineAggregate` calls the aggregate, and the version of that definition. */
  readonly kind: string;
  readonly kindVersion: number;
  /** The aggregate's version that the state is of, and the position of that event. */
  readonly version: number;
  readonly position: number;
  /** A payload: the state. */
  readonly state: Uint8Array;
  /** A payload: what a lane knows of the aggregate besides, for itself alone. */
  readonly notes: Uint8Array;
}

/** Snapshots that one transaction stores, at most one for each aggregate. Each takes the place of the one before. */
export type SnapshotChange = readonly StoredSnapshot[];

/** The snapshots that a log has of the aggregates of one definition and version. */
export interface SnapshotCount {
  readonly name: string;
  readonly version: number;
  /** Aggregates that have one. */
  readonly aggregates: number;
  readonly bytes: number;
}
