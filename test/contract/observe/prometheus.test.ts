import type { MetricsSnapshot } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Histogram } from '../../../dist/src/observe/histogram.js';
import { prometheusText } from '../../../dist/src/observe/prometheus.js';
import { Deposited } from '../../handlers/events.mjs';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { type Family, parseExposition } from './exposition.js';

/** A value of a family by its labels. */
function sampleValue(families: readonly Family[], name: string, labels: Record<string, string> = {}): number {
  const samples = families.flatMap((family) => family.samples);
  const found = samples.find(
    (sample) => sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels),
  );
  if (!found) throw new Error(`There is no ${name} with ${JSON.stringify(labels)}.`);
  return found.value;
}

describe('the page of an engine', () => {
  test('is of the exposition format, and says what the snapshot says', async () => {
    const engine = await openTestEngine({ ...storeFor('os'), handlers: [handlers('account')] });
    for (const account of ['a', 'b']) {
      await engine.publish(Deposited({ account, amount: 1 }), { until: 'handled' });
    }
    await engine.drain();
    const families = parseExposition(engine.metrics.prometheus());
    const { events, lanes, commits, latency, files } = engine.metrics.snapshot();
    for (const stage of ['accepted', 'durable', 'handled', 'emitted', 'skipped'] as const) {
      expect(sampleValue(families, 'millrace_events_total', { stage })).toBe(events[stage]);
    }
    expect(sampleValue(families, 'millrace_commits_total')).toBe(commits.count);
    expect(sampleValue(families, 'millrace_lane_events_total', { lane: '0' })).toBe(lanes[0]?.events);
    expect(sampleValue(families, 'millrace_type_handled_total', { type: 'account.deposited' })).toBe(2);
    expect(sampleValue(families, 'millrace_latency_seconds_count', { stage: 'durable' })).toBe(
      latency.durable.count,
    );
    expect(sampleValue(families, 'millrace_store_bytes', { file: 'store' })).toBe(files?.store);
  });

  test('has no file when there is none, and names only its own metrics', async () => {
    const engine = await openTestEngine({ durability: 'memory' });
    const names = parseExposition(engine.metrics.prometheus()).map(({ name }) => name);
    expect(names).not.toContain('millrace_store_bytes');
    expect(names.filter((name) => !name.startsWith('millrace_'))).toEqual([]);
    expect(names.length).toBeGreaterThan(12);
  });

  test('has histograms whose buckets grow up to the count', async () => {
    const engine = await openTestEngine({ handlers: [handlers('account')], durability: 'memory' });
    await engine.publishMany(Array.from({ length: 50 }, () => Deposited({ account: 'a', amount: 1 })));
    await engine.drain();
    const families = parseExposition(engine.metrics.prometheus());
    const histogram = families.find(({ kind }) => kind === 'histogram');
    for (const stage of ['accepted', 'durable', 'handled', 'commit']) {
      const buckets = (histogram?.samples ?? []).filter(
        ({ name, labels }) => name.endsWith('_bucket') && labels.stage === stage,
      );
      const values = buckets.map(({ value }) => value);
      const bounds = buckets.map(({ labels }) => (labels.le === '+Inf' ? Infinity : Number(labels.le)));
      expect(values).toEqual([...values].sort((a, b) => a - b));
      expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
      expect(bounds.at(-1)).toBe(Infinity);
      expect(values.at(-1)).toBe(sampleValue(families, 'millrace_latency_seconds_count', { stage }));
    }
    expect(sampleValue(families, 'millrace_latency_seconds_count', { stage: 'durable' })).toBe(150);
  });
});

test('times are seconds, and labels may hold anything', async () => {
  const engine = await openTestEngine({ durability: 'memory' });
  const type = 'a"b\\c\nd\\n,e="}';
  const histogram = new Histogram();
  histogram.record(3, 2);
  const metrics: MetricsSnapshot = {
    ...engine.metrics.snapshot(),
    types: [{ type, handled: 7, busy: 1500 }],
    lanes: [{ lane: 3, batches: 1, events: 2, busy: 250, deaths: 4, heap: 5 }],
  };
  const stages = { accepted: histogram, durable: histogram, handled: histogram, commit: histogram };
  const families = parseExposition(prometheusText(metrics, stages));
  expect(sampleValue(families, 'millrace_type_handled_total', { type })).toBe(7);
  expect(sampleValue(families, 'millrace_type_busy_seconds_total', { type })).toBe(1.5);
  expect(sampleValue(families, 'millrace_lane_busy_seconds_total', { lane: '3' })).toBe(0.25);
  expect(sampleValue(families, 'millrace_lane_deaths_total', { lane: '3' })).toBe(4);
  expect(sampleValue(families, 'millrace_latency_seconds_sum', { stage: 'commit' })).toBe(0.006);
  expect(sampleValue(families, 'millrace_latency_seconds_bucket', { stage: 'commit', le: '0.0025' })).toBe(0);
  expect(sampleValue(families, 'millrace_latency_seconds_bucket', { stage: 'commit', le: '0.005' })).toBe(2);
});

test.each([
  ['a 1', /of no family/],
  ['# HELP a text\na 1', /no TYPE/],
  ['# HELP a text\n# TYPE a gauge\na 1\na 2', /comes twice/],
  ['# HELP a text\n# TYPE a gauge\na one', /no sample/],
  ['# HELP a text\n# TYPE a gauge\na{b="c"d"} 1', /no labels/],
])('the parser refuses %j', (text, message) => {
  expect(() => parseExposition(`${text}\n`)).toThrow(message);
});
