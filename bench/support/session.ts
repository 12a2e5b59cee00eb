import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Sample } from './sample.js';
import { type Contestant, runOnce } from './spawn.js';
import { median } from './statistics.js';

/** `guard`: seconds, ratios only. `short`: all benches in under ten minutes. `full`: as long as it takes. */
export type Mode = 'guard' | 'short' | 'full';

/** What a bench is given: how long it may take, and how to run contestants. */
export class Session {
  readonly mode: Mode;
  readonly dataDirectory: string;
  readonly #log: (line: string) => void;
  readonly #repeats: number | undefined;

  constructor(mode: Mode, dataDirectory: string, log: (line: string) => void, repeats?: number) {
    this.mode = mode;
    this.dataDirectory = dataDirectory;
    this.#log = log;
    this.#repeats = repeats;
    mkdirSync(dataDirectory, { recursive: true });
  }

  /** Rounds of a comparison: medians need at least five. */
  get repeats(): number {
    return this.#repeats ?? (this.mode === 'full' ? 9 : 5);
  }

  /** Rounds of what no target is about. */
  get asideRepeats(): number {
    return this.mode === 'short' ? Math.min(3, this.repeats) : this.repeats;
  }

  /** One of three values by mode. */
  choose<Value>(choices: Readonly<Record<Mode, Value>>): Value {
    return choices[this.mode];
  }

  /** A folder that outlives single runs, for files that several of them read. Remove it with `discard`. */
  makeDirectory(): string {
    return mkdtempSync(join(this.dataDirectory, `kept-${process.pid}-`));
  }

  discard(directory: string): void {
    rmSync(directory, { recursive: true, force: true });
  }

  log(line: string): void {
    this.#log(line);
  }

  async run(name: string, contestant: Contestant): Promise<Sample> {
    const sample = await runOnce(contestant, this.dataDirectory);
    this.#log(`${name}: ${Math.round(sample.events / sample.seconds).toLocaleString('en')} events/s`);
    return sample;
  }

  /**
   * Runs all contestants in turn, round after round: A B C A B C. What drifts on the machine meanwhile then
   * touches all of them, and ratios are taken within a round.
   */
  async rounds<Name extends string>(
    contestants: Readonly<Record<Name, Contestant>>,
    repeats = this.repeats,
  ): Promise<Runs<Name>> {
    const samples = new Map<string, Sample[]>();
    for (let round = 0; round < repeats; round++) {
      for (const [name, contestant] of Object.entries<Contestant>(contestants)) {
        if (contestant.aside && round >= this.asideRepeats) continue;
        const sample = await this.run(`${round + 1}/${repeats} ${name}`, contestant);
        const list = samples.get(name);
        if (list) list.push(sample);
        else samples.set(name, [sample]);
      }
    }
    return new Runs(samples);
  }
}

/** All samples of a comparison, by contestant. */
export class Runs<Name extends string> {
  readonly #samples: ReadonlyMap<string, readonly Sample[]>;

  constructor(samples: ReadonlyMap<string, readonly Sample[]>) {
    this.#samples = samples;
  }

  of(name: Name): readonly Sample[] {
    const samples = this.#samples.get(name);
    if (!samples) throw new Error(`There are no runs of '${name}'.`);
    return samples;
  }

  /** Median over the rounds that both have run of: events/s of `ours` divided by events/s of `twin` in the same round. */
  ratio(ours: Name, twin: Name): number {
    const twins = this.of(twin);
    const samples = this.of(ours).slice(0, twins.length);
    return median(samples.map((sample, round) => rate(sample) / rate(twins[round] as Sample)));
  }

  /** Median of one extra figure. */
  extra(name: Name, figure: string): number {
    return median(this.of(name).map(({ extra }) => extra?.[figure] ?? Number.NaN));
  }
}

export function rate({ events, seconds }: Sample): number {
  return events / seconds;
}
