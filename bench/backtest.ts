import type { BacktestRun } from './contestants/backtest.js';
import { type Bench, type Measured, resultOf, round, summarise } from './support/report.js';
import type { Sample } from './support/sample.js';
import type { Session } from './support/session.js';
import type { Contestant } from './support/spawn.js';

/** What strategies, broker and events cost beside a loop by hand. An event is a candle of a run. */
export const backtest: Bench = {
  name: 'backtest',
  title: 'Backtests beside a loop by hand',
  async run(session: Session): Promise<Measured> {
    const candles = session.choose({ guard: 200_000, short: 1_000_000, full: 1_000_000 });
    const runs = session.choose({ guard: 4, short: 6, full: 12 });
    const plan = { candles, runs, level: 'trades', threads: 1 } as const;
    const plans: Readonly<Record<string, BacktestRun>> = {
      'a loop by hand': { ...plan, how: 'bare' },
      'sweep, one thread': { ...plan, how: 'sweep' },
      'sweep, two threads': { ...plan, how: 'sweep', threads: 2 },
      'sweep, one thread, summary': { ...plan, how: 'sweep', level: 'summary' },
      'sweep, one thread, full': { ...plan, how: 'sweep', level: 'full' },
    };
    const contestants: Record<string, Contestant> = Object.fromEntries(
      Object.entries(plans).map(([name, options]) => [name, { module: 'backtest', options }]),
    );
    const measured = await session.rounds(contestants);
    const growth = session.mode === 'full' ? await growths(session) : [];
    return {
      config: { strategy: 'rsi', candles, runs, durability: 'memory', repeats: session.repeats },
      results: [
        ...Object.keys(contestants).map((name) => resultOf(measured, name)),
        ...growth.map(({ name, sample }) => summarise(name, [sample])),
      ],
      ratios: {
        vsBareLoop: round(measured.ratio('sweep, one thread', 'a loop by hand')),
        twoThreads: round(measured.ratio('sweep, two threads', 'sweep, one thread')),
        'summary, to full': round(measured.ratio('sweep, one thread, full', 'sweep, one thread, summary')),
        ...Object.fromEntries(growth.map(({ name, sample }) => [`memory: ${name}`, grown(sample)])),
      },
      targets: {
        vsBareLoop: { atLeast: 0.5 },
        twoThreads: { atLeast: 1.85 },
        'summary, to full': { atLeast: 0.5 },
        ...Object.fromEntries(growth.map(({ name }) => [`memory: ${name}`, { atMost: 1.5 }])),
      },
    };
  },
};

/** A sweep keeps its best rows and its sums. What is left a run is its name and its fingerprint. */
async function growths(session: Session) {
  const found: { readonly name: string; readonly sample: Sample }[] = [];
  for (const where of ['memory', 'store'] as const) {
    const name = `100,000 runs, ${where}`;
    const contestant = { module: 'sweep-growth', options: { where, runs: 100_000 } };
    found.push({ name, sample: await session.run(name, contestant) });
  }
  return found;
}

/** Resident memory at the end over that at a tenth of the runs. */
function grown({ extra = {} }: Sample): number {
  return round((extra['MB at the end'] ?? Number.NaN) / (extra['MB at a tenth'] ?? Number.NaN));
}
