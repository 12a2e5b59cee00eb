import type { Candles, SweepReport } from 'millrace/backtest';
import { fullStatistics } from 'millrace/backtest';
import { sampleResult } from './sample.js';

/** A sweep of the sample strategy over its two lengths, and a stop that it does not look at. */
export function sampleSweep(candles: Candles): SweepReport {
  const rows = [5, 10, 15, 20, 30].flatMap((fast) =>
    [50, 75, 100, 150, 200, 250].flatMap((slow) => {
      const result = sampleResult(candles, [fast, slow]);
      const all = fullStatistics(result);
      return ['none', 'fixed'].map((stop) => ({
        parameters: { fast, slow, stop },
        totalReturn: all.totalReturn,
        annualReturn: all.annualReturn.value,
        sharpe: all.sharpe.value,
        maxDrawdown: all.drawdowns.worst?.fraction ?? 0,
        winRate: all.trades.winRate.value,
        profitFactor: all.trades.profitFactor.value,
        trades: all.trades.count,
        finalCapital: all.finalCapital,
      }));
    }),
  );
  const held = sampleResult(candles).benchmark.statistics;
  return {
    title: 'ma-cross on sp500',
    rows,
    benchmark: {
      totalReturn: held.totalReturn,
      annualReturn: held.annualReturn,
      sharpe: held.sharpe,
      maxDrawdown: held.maxDrawdown,
    },
    bars: candles.length,
    barsPerYear: held.periodsPerYear,
    facts: { fingerprint: '5'.repeat(64), engine: 'Millrace 0.1.0' },
  };
}
