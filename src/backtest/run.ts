import { knownOptions, optionNames } from '../events/known-options.js';
import { InvalidOptionError } from '../faces/errors.js';
import { BacktestCompleted, BacktestSignalGenerated } from '../trading/index.js';
import { Account, type BacktestIdentity, type Emit } from './account.js';
import type { Candles } from './candles.js';
import { completedData, type Walked } from './completed.js';
import { RsiMeanReversion, type RsiParameters, type Signal } from './strategy.js';

/** All that decides the result of a backtest, besides the candles. */
export interface BacktestRun extends BacktestIdentity {
  readonly parameters: RsiParameters;
  /** Cash at the start, above 0. */
  readonly initialCapital: number;
  /** Fraction of the value of each trade, 0 to below 1. */
  readonly commission: number;
}

const RUN = optionNames<BacktestRun>('runBacktest', {
  backtest_id: true,
  strategy_id: true,
  symbol: true,
  parameters: true,
  initialCapital: true,
  commission: true,
});

/** Raise it when the same candles and parameters give other events than before. */
export const BACKTEST_VERSION = 1;

const REASONS: Readonly<Record<Signal, string>> = {
  BUY: 'rsi_crossed_below_entry',
  SELL: 'rsi_above_exit',
};

/**
 * Walks the candles once, from old to new, and emits what happens: signals, trades, positions, and at the end
 * one `backtest.completed`. Equal input emits equal events, but for `execution_duration_seconds`.
 *
 * Within a candle the order is that of the market: at the open the order of the previous candle's signal is
 * filled; then, if the low touches the stop, the position is sold at the stop, or at the open when the candle
 * opened below it; on the close the strategy is asked. So nothing that was decided on a candle ever uses a price
 * of the same candle. The stop comes first: whether the low came before or after the high is not known, and it
 * is live from the open on at which the position was bought. A signal on the last candle is not filled; a
 * position that is still open is sold at the last close.
 *
 * An event occurred at the time of its candle.
 *
 * @param elapsedSeconds Wall-clock seconds since the start of the backtest.
 * @throws InvalidOptionError when a parameter, the capital or the commission is out of its range.
 */
export function runBacktest(candles: Candles, run: BacktestRun, emit: Emit, elapsedSeconds = () => 0): void {
  checkRun(knownOptions(run, RUN));
  const { backtest_id, strategy_id, symbol } = run;
  const identity: BacktestIdentity = { backtest_id, strategy_id, symbol };
  const account = new Account(identity, run.initialCapital, run.commission, emit);
  const walked = walk(candles, run.parameters, identity, account, emit);
  const data = completedData(candles, run.initialCapital, account, walked);
  emit(
    BacktestCompleted(
      { ...identity, ...data, execution_duration_seconds: elapsedSeconds() },
      { occurredAt: candles.end },
    ),
  );
}

function walk(
  candles: Candles,
  parameters: RsiParameters,
  identity: BacktestIdentity,
  account: Account,
  emit: Emit,
): Walked {
  const { time, open, low, close, length } = candles;
  const strategy = new RsiMeanReversion(parameters);
  const equity = new Float64Array(length);
  const stopFactor = 1 - parameters.stop;
  const hasStop = parameters.stop > 0;
  let order: Signal | undefined;
  let candlesHeld = 0;
  for (let index = 0; index < length; index++) {
    const now = time[index] as number;
    const opened = open[index] as number;
    const closed = close[index] as number;
    if (order === 'BUY') account.buy(now, opened);
    else if (order === 'SELL') account.sell(now, opened, 'signal');
    if (hasStop && account.quantity > 0) {
      const stopPrice = account.entryPrice * stopFactor;
      if ((low[index] as number) <= stopPrice) account.sell(now, Math.min(opened, stopPrice), 'stop_loss');
    }
    order = strategy.onClose(closed, account.quantity > 0);
    if (order !== undefined) emit(signalEvent(identity, strategy, order, now, closed));
    if (account.quantity > 0) candlesHeld++;
    equity[index] = account.equity(closed);
  }
  const lastClose = close[length - 1] as number;
  if (account.quantity > 0) account.sell(candles.end, lastClose, 'end_of_data');
  equity[length - 1] = account.equity(lastClose);
  return { equity, candlesHeld };
}

function signalEvent(
  identity: BacktestIdentity,
  strategy: RsiMeanReversion,
  signal: Signal,
  time: number,
  price: number,
) {
  return BacktestSignalGenerated(
    {
      backtest_id: identity.backtest_id,
      strategy_id: identity.strategy_id,
      symbol: identity.symbol,
      signal_timestamp: time,
      signal_type: signal,
      signal_price: price,
      signal_strength: strategy.strength(signal),
      signal_reason: REASONS[signal],
      technical_indicators: { rsi: strategy.rsi },
    },
    { occurredAt: time },
  );
}

/** @throws InvalidOptionError when the capital or the commission is out of its range. */
export function checkRun({
  initialCapital,
  commission,
}: Pick<BacktestRun, 'initialCapital' | 'commission'>): void {
  if (!(initialCapital > 0 && initialCapital < Number.POSITIVE_INFINITY)) {
    throw new InvalidOptionError(
      `The initial capital is ${initialCapital}; it must be a finite number above 0.`,
    );
  }
  if (!(commission >= 0 && commission < 1)) {
    throw new InvalidOptionError(
      `The commission is ${commission}; it must be a fraction from 0 to below 1, such as 0.001 for 0.1 %.`,
    );
  }
}
