import { type Sample, Stopwatch } from '../../dist/support/sample.js';
import { type Batch, batches, type PeerRun, Tally } from './load.js';

/** The little that the bench needs of a peer. */
export interface PeerUnderTest {
  /** Publishes all batches. Resolves when everything is handled and, if the peer stores it, its progress is stored. */
  publish(load: Iterable<Batch>, total: number): Promise<void>;
  /** Whether the peer has no handler in this run, and only stores. */
  readonly storesOnly?: boolean;
  /** CPU of other processes that work for the peer, in microseconds. */
  readonly otherCpu?: () => Promise<number>;
  /** Looks into what was stored. @throws when it is not what was published. */
  verify?(total: number): Promise<void>;
  close(): Promise<void>;
}

/** One run: warm up, start the clock, publish, stop the clock, prove that every event was handled exactly once. */
export async function measure(
  { events, warmup }: PeerRun,
  open: (tally: Tally) => Promise<PeerUnderTest>,
): Promise<Sample> {
  const total = warmup + events;
  const tally = new Tally(total);
  const peer = await open(tally);
  await peer.publish(batches(0, warmup, 'warm'), warmup);
  globalThis.gc?.();

  const otherBefore = (await peer.otherCpu?.()) ?? 0;
  const watch = new Stopwatch();
  await peer.publish(batches(warmup, events), total);
  const sample = watch.stop(events);
  const other = ((await peer.otherCpu?.()) ?? 0) - otherBefore;

  if (!peer.storesOnly) tally.verify();
  await peer.verify?.(total);
  await peer.close();
  return { ...sample, cpuMicros: sample.cpuMicros + other };
}
