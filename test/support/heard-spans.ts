import { BroadcastChannel } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import { type EndedSpan, SPANS } from '../handlers/tracer.mjs';

/** The spans that have ended on any thread since this was called. */
export function hearSpans() {
  const spans: EndedSpan[] = [];
  let wake = () => {};
  const channel = new BroadcastChannel(SPANS);
  channel.onmessage = (message) => {
    spans.push((message as { data: EndedSpan }).data);
    wake();
  };
  onTestFinished(() => channel.close());
  /** Resolves with all of them once there are so many. */
  const until = async (count: number): Promise<readonly EndedSpan[]> => {
    while (spans.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return spans;
  };
  return { until };
}
