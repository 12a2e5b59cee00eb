import { change, count, decimal, money, percent } from '../format.js';
import type { SweepMetric, SweepPage } from '../page-types.js';

type Columns = Readonly<Record<string, Float64Array>>;

/** The runs of a sweep, by number, and who is beside whom. */
export class SweepModel {
  readonly #page: SweepPage;
  readonly #columns: Columns;
  /** Sorted values of each parameter. */
  readonly #steps: ReadonlyMap<string, readonly number[]>;
  /** Runs by the places of their values. */
  readonly #runs = new Map<string, number>();
  readonly #neighbours: (number | null | undefined)[] = [];

  constructor(page: SweepPage, columns: Columns) {
    this.#page = page;
    this.#columns = columns;
    this.#steps = new Map(
      page.parameters.map((name) => [name, [...new Set(columns[`parameter:${name}`])].sort((a, b) => a - b)]),
    );
    for (let run = 0; run < page.runs; run++) this.#runs.set(this.#places(run).join(), run);
  }

  parameter(name: string, run: number): number {
    return this.#columns[`parameter:${name}`]?.[run] ?? Number.NaN;
  }

  metric(name: string, run: number): number {
    return this.#columns[`metric:${name}`]?.[run] ?? Number.NaN;
  }

  /** The values that a parameter has, rising. */
  valuesOf(name: string): readonly number[] {
    return this.#steps.get(name) ?? [];
  }

  /** Median total return of the runs that differ in one parameter by one step; null where there is none. */
  neighbours(run: number): number | null {
    this.#neighbours[run] ??= this.#medianAround(run);
    return this.#neighbours[run] ?? null;
  }

  #medianAround(run: number): number | null {
    const places = this.#places(run);
    const found = places.flatMap((place, axis) =>
      [place - 1, place + 1].flatMap((other) => {
        const beside = this.#runs.get(places.with(axis, other).join());
        return beside === undefined ? [] : [this.metric('totalReturn', beside)];
      }),
    );
    return median(found);
  }

  #places(run: number): number[] {
    return this.#page.parameters.map((name) => this.valuesOf(name).indexOf(this.parameter(name, run)));
  }
}

/** The middle one; null of none. */
export function median(values: readonly number[]): number | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

export function metricText({ form, name }: SweepMetric, value: number | null): string {
  if (value === null || Number.isNaN(value)) return 'n/a';
  if (form === 'percent') return name.endsWith('Return') ? change(value, 1) : percent(value, 1);
  if (form === 'count') return count(value);
  return form === 'money' ? money(value) : decimal(value);
}

export function parameterText({ texts }: SweepPage, name: string, value: number): string {
  return texts[name]?.[value] ?? String(value);
}
