import type { NewEvent } from '../../faces/define.js';
import { codeOf, field, messageOf } from '../../kernel/thrown.js';
import { BacktestFailed } from '../../trading/index.js';
import type { BacktestIds } from '../runs/order-events.js';

/** What is said of a run that ended with an error. Nothing in it depends on the machine: no stack, no path. @param note added to the message. */
export function failedEvent(ids: BacktestIds, error: unknown, occurredAt: number, note = ''): NewEvent {
  const details = (field(error, 'details') ?? {}) as Readonly<Record<string, unknown>>;
  const { candle } = details;
  const walked = typeof candle === 'number' && candle >= 0;
  return BacktestFailed(
    {
      backtest_id: ids.backtest_id,
      strategy_id: ids.strategy_id,
      symbol: ids.symbol,
      failure_stage: walked || candle === undefined ? 'signal_generation' : 'data_loading',
      // What is thrown may have half characters, which no event can hold.
      error_message: `${messageOf(error)}${note}`.toWellFormed(),
      error_type: String(codeOf(error) ?? field(error, 'name') ?? 'Error').toWellFormed(),
      ...(walked && { partial_results: { candles: candle } }),
    },
    { occurredAt },
  );
}
