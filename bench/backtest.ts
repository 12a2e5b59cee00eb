import type { BacktestRun } from './contestants/backtest.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
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
    return {
      config: { strategy: 'rsi', candles, runs, durability: 'memory', repeats: session.repeats },
      results: Object.keys(contestants).map((name) => resultOf(measured, name)),
      ratios: {
        vsBareLoop: round(measured.ratio('sweep, one thread', 'a loop by hand')),
        twoThreads: round(measured.ratio('sweep, two threads', 'sweep, one thread')),
        'summary, to full': round(measured.ratio('sweep, one thread, full', 'sweep, one thread, summary')),
      },
      targets: {
        vsBareLoop: { atLeast: 0.5 },
        twoThreads: { atLeast: 1.85 },
        'summary, to full': { atLeast: 0.5 },
      },
    };
  },
};
