import { type Emission, readEmissions } from '../events/emission.js';
import { encodeError } from '../events/error-codec.js';
import type { RegisteredType } from '../events/registry.js';
import type { LaneFailure, LaneResult } from '../lanes/protocol.js';
import type { Directory, NameEntry } from './directory.js';
import type { Sequencer } from './sequencer.js';

/** What may be refused of what handlers emit. */
export interface Refusals {
  /** Whether anything is refused at all: seldom, so most answers need no second look. */
  arePossible(): boolean;
  /** Why an emitted event cannot be taken in; undefined when it can. */
  of(emission: Emission): Error | undefined;
}

/** What only the main thread knows of an emitted event: whose aggregate it is, and whether there is room for its names. */
export function refusalsIn(
  directory: Directory,
  sequencer: Sequencer,
  types: readonly (RegisteredType | undefined)[],
  deterministic: boolean,
): Refusals {
  return {
    arePossible: () => deterministic || directory.isFull,
    of({ type: id, aggregateId, partitionKey }) {
      const type = types[id];
      return type && sequencer.refusalOf({ type, aggregateId, partitionKey: partitionKey || aggregateId });
    },
  };
}

/**
 * A lane's answer as it counts. An event whose handler emitted what cannot be taken in has failed, though its lane
 * knows nothing of that; and what the lane has handled of the event's key since then must run again behind it. What
 * either emitted is dropped.
 */
export function judged(
  result: LaneResult,
  rows: Uint32Array,
  refusals: Refusals,
  keyOf: (reference: number) => NameEntry,
): LaneResult {
  const refused = refusedIn(result.emitted, refusals);
  const settled = new Set([...result.held, ...result.failures.map(({ index }) => index)]);
  const failures: LaneFailure[] = [...result.failures];
  const held = [...result.held];
  const failing = new Set<NameEntry>();
  rows.forEach((reference, index) => {
    const key = keyOf(reference);
    if (settled.has(index)) failing.add(key);
    else if (key.failing || failing.has(key)) held.push(index);
    else {
      const error = refused.get(index);
      if (!error) return;
      failing.add(key);
      failures.push({ index, error: encodeError(error), handler: '' });
    }
  });
  return held.length === result.held.length && failures.length === result.failures.length
    ? result
    : { ...result, failures, held };
}

/** The first refusal of each event of the batch that has one, by its index. */
function refusedIn(emitted: Uint8Array | undefined, refusals: Refusals): ReadonlyMap<number, Error> {
  const refused = new Map<number, Error>();
  if (!emitted) return refused;
  const bytes = Buffer.from(emitted.buffer, emitted.byteOffset, emitted.byteLength);
  for (const emission of readEmissions(bytes)) {
    if (refused.has(emission.cause)) continue;
    const error = refusals.of(emission);
    if (error) refused.set(emission.cause, error);
  }
  return refused;
}
