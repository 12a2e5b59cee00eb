import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOADS, label } from '../latency.js';
import { loadReport, PLOTS_DIRECTORY } from './command.js';
import type { Report } from './report.js';
import { barChart, type Chart } from './svg.js';

/** One plot: the bench it is drawn from, and how. */
interface Plot {
  readonly bench: string;
  readonly file: string;
  readonly draw: (report: Report) => Chart;
}

const PLOTS: readonly Plot[] = [
  { bench: 'durable', file: 'durable-by-keys.svg', draw: durableByKeys },
  { bench: 'latency', file: 'latency.svg', draw: latencyByLoad },
  { bench: 'offload', file: 'offload.svg', draw: offloadSpeedup },
  { bench: 'scale', file: 'scale.svg', draw: scaleByGrowth },
];

/** Draws every plot whose bench has a stored report. Returns the files written. */
export function writePlots(): readonly string[] {
  mkdirSync(PLOTS_DIRECTORY, { recursive: true });
  return PLOTS.flatMap(({ bench, file, draw }) => {
    const report = loadReport(bench);
    if (!report) return [];
    const path = join(PLOTS_DIRECTORY, file);
    writeFileSync(path, barChart(draw(report)));
    return [path];
  });
}

function durableByKeys(report: Report): Chart {
  const rows = ['engine 1', 'engine 100', 'engine', 'engine 100,000', 'engine Zipf(1.1) of 100,000'];
  const twin = (prefix: string) => rows.map((row) => rateOf(report, row.replace('engine', prefix)));
  return {
    title: 'Durable and handled events a second, by number of keys',
    subtitle: subtitle(report),
    groups: ['1 key', '100', '1,000', '100,000', 'Zipf of 100,000'],
    series: [
      { name: 'Millrace, 1 lane', values: rows.map((row) => rateOf(report, row)) },
      { name: 'one thread by hand, no index', values: twin('plain') },
      { name: 'one thread by hand, UNIQUE index', values: twin('indexed') },
    ],
    format: thousands,
  };
}

function latencyByLoad(report: Report): Chart {
  const figure = (row: string, name: string) => {
    const value = report.results.find((result) => result.name === row)?.[name];
    return typeof value === 'number' ? value : undefined;
  };
  const rows = LOADS.map(label);
  const columns = [
    'durable p50 ms',
    'durable p99 ms',
    'handled p50 ms',
    'handled p99 ms',
    'handled p99.9 ms',
  ];
  return {
    title: 'Milliseconds from the instant at which an event was due',
    subtitle: subtitle(report),
    groups: rows,
    series: columns.map((name) => ({
      name: name.replace(' ms', ''),
      values: rows.map((row) => figure(row, name)),
    })),
    logarithmic: true,
    format: (value) => `${Number(value.toPrecision(2))}`,
  };
}

function offloadSpeedup(report: Report): Chart {
  const ratios = (names: readonly string[]) => names.map((name) => report.ratios[name]);
  return {
    title: 'Handlers of 200 µs on two threads: how many times the speed of one loop',
    subtitle: subtitle(report),
    groups: ['even', 'skewed\nkeys cost 1 to 20', 'hot key\nhalf of all events'],
    series: [
      { name: 'Millrace, in order', values: ratios(['speedup', 'speedup, skewed', 'speedup, hot']) },
      { name: 'Piscina batches, no order', values: ratios(['ceiling', 'ceiling, skewed', 'ceiling, hot']) },
    ],
    line: { value: 1.88, label: 'target, even' },
    format: (value) => `${Number(value.toFixed(2))}`,
  };
}

function scaleByGrowth(report: Report): Chart {
  const rows = report.results.filter(({ eventsPerSecond }) => eventsPerSecond !== undefined);
  return {
    title: 'Durable and handled events a second, as file and aggregates grow',
    subtitle: subtitle(report),
    groups: rows.map(({ name }) => name.replace(/ (events in file|aggregates|file)$/, '\n$1')),
    series: [{ name: 'Millrace, 1 lane', values: rows.map(({ eventsPerSecond }) => eventsPerSecond) }],
    format: thousands,
  };
}

function rateOf({ results }: Report, name: string): number | undefined {
  return results.find((result) => result.name === name)?.eventsPerSecond;
}

function subtitle({ config }: Report): string {
  const { cpu, cores, node, fileSystem } = config.machine;
  return `${cpu}, ${cores} cores, Node ${node}, ${fileSystem}; durability ${String(config.durability)}; ${String(config.payloadBytes)} bytes; median of ${String(config.repeats)}`;
}

function thousands(value: number): string {
  return value >= 10_000 ? `${Math.round(value / 1000)} k` : String(Math.round(value));
}
