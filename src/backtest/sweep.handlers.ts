import { defineHandlers } from '../faces/define.js';
import { BacktestStarted } from '../trading/index.js';
import { Candles } from './candles.js';
import { runBacktest } from './run.js';
import { runOf } from './sweep-plan.js';

/**
 * Runs a backtest where its `backtest.started` is handled. The candles are seen in place, in the one buffer that
 * all threads share; nothing else is kept between two backtests, so their order cannot matter.
 */
export default defineHandlers('sweep', (on) => {
  on(BacktestStarted, (event, context) => {
    const candles = Candles.fromShared(context.shared.candles);
    const run = runOf(event.data, context.shared.dataHash);
    // Wall-clock time, on purpose: the field that it ends in is volatile and thus in no fingerprint.
    const start = process.hrtime.bigint();
    const elapsedSeconds = () => Number(process.hrtime.bigint() - start) / 1e9;
    runBacktest(candles, run, (emitted) => context.emit(emitted), elapsedSeconds);
  });
});
