import { z } from 'zod';
import { defineEvent } from '../faces/define.js';
import {
  amount,
  backtestFields,
  count,
  epochMs,
  id,
  json,
  packedColumn,
  percent,
  positive,
  real,
  text,
} from './fields.js';

/** A backtest is to be run: everything its handler needs but the candles. */
export const BacktestStarted = defineEvent('backtest.started', {
  schema: z.strictObject({
    ...backtestFields,
    /** Time of the first candle. */
    start_date: epochMs,
    /** Time of the last candle. */
    end_date: epochMs,
    /** Cash at the start, in the currency of the prices. */
    initial_capital: positive,
    /** Spacing of the candles: `1d`, `4h`, `15m`. */
    timeframe: id,
    /** Strategy parameters, commission and what else decides the result. */
    backtest_settings: json.optional(),
    started_by: text.optional(),
  }),
  aggregateId: (data) => data.backtest_id,
});

/** The candles of a backtest are in memory and its indicators computed. */
export const BacktestDataLoaded = defineEvent('backtest.data_loaded', {
  schema: z.strictObject({
    ...backtestFields,
    data_points_count: count,
    data_start_date: epochMs,
    data_end_date: epochMs,
    indicators_calculated: z.array(text),
    /** Wall-clock milliseconds. */
    data_load_duration_ms: amount,
    /** Every so manyth candle from the first on, and the last, is in the curves; an addition to the original's fields, like those below. */
    curve_every: count.optional(),
    /** Times of those candles. */
    curve_times: packedColumn.optional(),
    /** Their closes. */
    curve_closes: packedColumn.optional(),
    /** Open of the first candle, at which buying and holding buys. */
    first_open: real.optional(),
  }),
  aggregateId: (data) => data.backtest_id,
  aliases: ['backtest.data.loaded'],
  volatile: ['data_load_duration_ms'],
});

/** How far a running backtest has come. */
export const BacktestProgressUpdated = defineEvent('backtest.progress_updated', {
  schema: z.strictObject({
    ...backtestFields,
    progress_percent: percent,
    /** Time of the candle that was handled last. */
    current_date: epochMs,
    processed_points: count,
    total_points: count,
    /** Wall-clock seconds. */
    estimated_remaining_seconds: amount,
    current_performance: json.optional(),
  }),
  aggregateId: (data) => data.backtest_id,
  aliases: ['backtest.progress.updated'],
  volatile: ['estimated_remaining_seconds'],
});
