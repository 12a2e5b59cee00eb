import type { Machine } from './machine.js';
import type { Sample } from './sample.js';
import { type Runs, rate, type Session } from './session.js';
import { median } from './statistics.js';

/** One line of a bench's table: a name and figures. Medians of the runs. */
export interface Result {
  readonly name: string;
  readonly eventsPerSecond?: number;
  readonly cpuMicrosPerEvent?: number;
  readonly rssMegabytes?: number;
  /** How many runs the figures are medians of. */
  readonly runs?: number;
  /** Lowest and highest run, in events/s: how far to trust the median. */
  readonly lowest?: number;
  readonly highest?: number;
  readonly [figure: string]: string | number | undefined;
}

/** What a figure is wished to be: `atLeast` or `atMost`. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** A bench's result without the machine: what a bench module makes. */
export interface Measured {
  readonly config: Readonly<Record<string, unknown>>;
  readonly results: readonly Result[];
  readonly ratios: Readonly<Record<string, number>>;
  /** Targets of ratios, by name. */
  readonly targets?: Readonly<Record<string, Target>>;
}

/** The JSON object of a bench. */
export interface Report extends Measured {
  readonly bench: string;
  readonly config: Readonly<Record<string, unknown>> & { readonly machine: Machine };
}

/** A bench: one file of this folder. */
export interface Bench {
  readonly name: string;
  readonly title: string;
  run(session: Session): Promise<Measured>;
}

/** The line of one contestant: medians over its runs. Extra figures are taken over under their own names. */
export function resultOf<Name extends string>(runs: Runs<Name>, name: Name, label: string = name): Result {
  return summarise(label, runs.of(name));
}

export function summarise(name: string, samples: readonly Sample[]): Result {
  const rates = samples.map(rate);
  const figures = Object.keys(samples[0]?.extra ?? {});
  return {
    name,
    runs: samples.length,
    eventsPerSecond: Math.round(median(rates)),
    lowest: Math.round(Math.min(...rates)),
    highest: Math.round(Math.max(...rates)),
    cpuMicrosPerEvent: round(median(samples.map(({ cpuMicros, events }) => cpuMicros / events))),
    rssMegabytes: Math.round(median(samples.map(({ rssMegabytes }) => rssMegabytes))),
    ...Object.fromEntries(
      figures.map((figure) => [
        figure,
        round(median(samples.map(({ extra }) => extra?.[figure] ?? Number.NaN))),
      ]),
    ),
  };
}

/** Three significant digits: more would claim a precision that no bench has. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}

export function meets(value: number, target: Target): boolean {
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

export function describeTarget(target: Target): string {
  return 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}
