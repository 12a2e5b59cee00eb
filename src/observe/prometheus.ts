import { LATENCY_BUCKETS_SECONDS } from '../limits.js';
import type { Histogram } from './histogram.js';
import type { MetricsSnapshot } from './snapshot.js';

type Labels = Readonly<Record<string, string | number>>;
type Sample = readonly [labels: Labels, value: number];

/** The histograms behind a snapshot's latencies. */
export type StageHistograms = Readonly<Record<'accepted' | 'durable' | 'handled' | 'commit', Histogram>>;

/**
 * Prometheus text exposition format 0.0.4, base units, as prom-client writes it. Labels are bounded: thread, type
 * and stage, never an aggregate or a key.
 */
export function prometheusText(metrics: MetricsSnapshot, stages: StageHistograms): string {
  const { events, queue, commands, commits, batches, lanes, types, files, consumers } = metrics;
  const seconds = (milliseconds: number) => milliseconds / 1000;
  return [
    family('millrace_events_total', 'counter', 'Events by how far they came.', [
      [{ stage: 'accepted' }, events.accepted],
      [{ stage: 'durable' }, events.durable],
      [{ stage: 'handled' }, events.handled],
      [{ stage: 'emitted' }, events.emitted],
      [{ stage: 'skipped' }, events.skipped],
    ]),
    single('millrace_handler_failures_total', 'counter', 'Tries of handlers that failed.', events.failed),
    single(
      'millrace_handler_retries_total',
      'counter',
      'Failed tries that were tried again.',
      events.retried,
    ),
    single('millrace_subscriber_errors_total', 'counter', 'Subscribers that threw.', events.subscriberErrors),
    single('millrace_in_flight_events', 'gauge', 'Events accepted and not finished.', queue.inFlight),
    single('millrace_in_flight_events_max', 'gauge', 'Limit of events in flight.', queue.maxInFlight),
    single('millrace_in_flight_bytes', 'gauge', 'Slab memory in use.', queue.bytes),
    single('millrace_parked_keys', 'gauge', 'Keys that wait behind a dead letter.', queue.parkedKeys),
    ...ofCommands(commands),
    single('millrace_commits_total', 'counter', 'Commits sent to the store.', commits.count),
    single('millrace_lane_batches_total', 'counter', 'Batches that lanes answered.', batches.count),
    family('millrace_lane_events_total', 'counter', 'Events that a lane was given.', by(lanes, 'events')),
    family(
      'millrace_lane_busy_seconds_total',
      'counter',
      'Time that a lane has worked.',
      by(lanes, 'busy', seconds),
    ),
    family(
      'millrace_lane_deaths_total',
      'counter',
      'Lanes that died and were replaced.',
      by(lanes, 'deaths'),
    ),
    family('millrace_lane_heap_bytes', 'gauge', "Heap in use on a lane's thread.", by(lanes, 'heap')),
    family(
      'millrace_type_handled_total',
      'counter',
      'Events that lanes handled, by type.',
      types.map(({ type, handled }) => [{ type }, handled]),
    ),
    family(
      'millrace_type_busy_seconds_total',
      'counter',
      'Time of handlers, by type, estimated from timed ones.',
      types.map(({ type, busy }) => [{ type }, seconds(busy)]),
    ),
    ...(consumers.length > 0 ? ofConsumers(consumers) : []),
    ...(files
      ? [
          family('millrace_store_bytes', 'gauge', 'Size of the files of the store.', [
            [{ file: 'store' }, files.store],
            [{ file: 'wal' }, files.wal],
          ]),
        ]
      : []),
    histograms('millrace_latency_seconds', 'Time until a stage, from accepted; commit: from sent.', stages),
    '',
  ].join('\n');
}

function ofCommands(commands: MetricsSnapshot['commands']): string[] {
  return [
    family('millrace_commands_total', 'counter', 'Commands by how they ended; sent: by handlers.', [
      [{ end: 'executed' }, commands.executed],
      [{ end: 'refused' }, commands.refused],
      [{ end: 'failed' }, commands.failed],
      [{ end: 'sent' }, commands.sent],
    ]),
    single('millrace_in_flight_commands', 'gauge', 'Commands and queries in flight.', commands.inFlight),
    single('millrace_pending_commands', 'gauge', "Handlers' commands not decided yet.", commands.pending),
    single('millrace_held_commands', 'gauge', "Handlers' commands that failed for good.", commands.held),
  ];
}

/** Labels are the names of consumers, of which a log has at most 256. */
function ofConsumers(consumers: MetricsSnapshot['consumers']): string[] {
  const each = (value: (consumer: MetricsSnapshot['consumers'][number]) => number): Sample[] =>
    consumers.map((consumer) => [{ consumer: consumer.name }, value(consumer)]);
  return [
    family(
      'millrace_consumer_lag_events',
      'gauge',
      'Durable events that a consumer is not done with.',
      each(({ lag }) => lag),
    ),
    family(
      'millrace_consumer_position',
      'gauge',
      'A consumer is done with every event up to here.',
      each(({ position }) => position),
    ),
    family(
      'millrace_consumer_running',
      'gauge',
      '1 while a consumer takes events.',
      each(({ state }) => (state === 'running' ? 1 : 0)),
    ),
    family(
      'millrace_consumer_handled_total',
      'counter',
      'Events that a consumer handled.',
      each(({ handled }) => handled),
    ),
    family(
      'millrace_consumer_failures_total',
      'counter',
      'Tries of a consumer that failed.',
      each(({ failed }) => failed),
    ),
    family(
      'millrace_consumer_parked_keys',
      'gauge',
      'Keys that wait behind a failed event of a consumer.',
      each(({ parkedKeys }) => parkedKeys),
    ),
  ];
}

function by<Field extends 'events' | 'busy' | 'deaths' | 'heap'>(
  lanes: MetricsSnapshot['lanes'],
  field: Field,
  convert = (value: number) => value,
): Sample[] {
  return lanes.map((lane) => [{ lane: lane.lane }, convert(lane[field])]);
}

function single(name: string, kind: string, help: string, value: number): string {
  return family(name, kind, help, [[{}, value]]);
}

function family(name: string, kind: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => line(name, labels, value));
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines].join('\n');
}

function histograms(name: string, help: string, stages: StageHistograms): string {
  const lines = Object.entries(stages).flatMap(([stage, histogram]) => [
    ...LATENCY_BUCKETS_SECONDS.map((le) =>
      line(`${name}_bucket`, { stage, le }, histogram.countUpTo(le * 1000)),
    ),
    line(`${name}_bucket`, { stage, le: '+Inf' }, histogram.count),
    line(`${name}_sum`, { stage }, histogram.sum / 1000),
    line(`${name}_count`, { stage }, histogram.count),
  ]);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...lines].join('\n');
}

function line(name: string, labels: Labels, value: number): string {
  const text = Object.entries(labels).map(([key, label]) => `${key}="${quoted(String(label))}"`);
  return `${name}${text.length > 0 ? `{${text.join(',')}}` : ''} ${value}`;
}

function quoted(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
