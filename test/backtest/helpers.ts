import type { NewEvent } from 'millrace';
import {
  type BacktestOptions,
  type CandleRow,
  type Candles,
  candlesFromRows,
  loadStrategy,
  runBacktest,
} from 'millrace/backtest';

export const DAY = 86_400_000;
export const START = Date.UTC(2024, 0, 1);

/** An event's payload in tests, where the field names are the point and not their types. */
export type Data = Record<string, unknown>;

/** Daily candles from [open, high, low, close]. */
export function candlesOf(...rows: readonly (readonly [number, number, number, number])[]): Candles {
  return candlesFromRows(
    rows.map(([open, high, low, close], day): CandleRow => {
      return { time: START + day * DAY, open, high, low, close, volume: 1 };
    }),
  );
}

/** Candles that open at the close before, and reach 1 above and below. */
export function candlesFromCloses(closes: readonly number[]): Candles {
  return candlesOf(
    ...closes.map((close, day) => {
      const open = closes[day - 1] ?? close;
      return [open, Math.max(open, close) + 1, Math.min(open, close) - 1, close] as const;
    }),
  );
}

/** A price path from a small generator of its own, so that a failing test can be run again. */
export function randomCandles(seed: number, length: number): Candles {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  let close = 100;
  return candlesOf(
    ...Array.from({ length }, () => {
      const open = close * (0.99 + 0.02 * random());
      close = open * (0.96 + 0.08 * random());
      return [
        open,
        Math.max(open, close) * (1 + 0.01 * random()),
        Math.min(open, close) * (1 - 0.02 * random()),
        close,
      ] as const;
    }),
  );
}

export const RSI = await loadStrategy('rsi');

export const RUN: Omit<BacktestOptions, 'candles'> = {
  strategy: RSI,
  symbol: 'TEST',
  parameters: { length: 2, entry: 30, exit: 60, stop: 0 },
  initialCapital: 1000,
  commission: 0,
};

/** The field of each event that depends on the clock. */
const VOLATILE: Readonly<Record<string, string>> = {
  'backtest.completed': 'execution_duration_seconds',
  'backtest.data_loaded': 'data_load_duration_ms',
};

/** The events that a backtest emits, the volatile field set to 0. */
export function eventsOf(candles: Candles, run: Omit<BacktestOptions, 'candles'> = RUN): NewEvent[] {
  const events: NewEvent[] = [];
  runBacktest({ ...run, candles, emit: (event) => events.push(event) });
  return events.map((event) =>
    event.type in VOLATILE
      ? { ...event, data: { ...(event.data as Data), [VOLATILE[event.type] as string]: 0 } }
      : event,
  );
}

/** Events as short text: `buy 10 @ 95 on 3`, with the day counted from 0. */
export function storyOf(events: readonly NewEvent[]): string[] {
  const day = (event: NewEvent) => (Number(event.options?.occurredAt) - START) / DAY;
  return events.flatMap((event) => {
    const data = event.data as Data;
    if (event.type === 'backtest.signal_generated') return [`${data.signal_type} signal on ${day(event)}`];
    if (event.type === 'backtest.trade_executed')
      return [`${data.trade_type} @ ${data.execution_price} on ${day(event)}`];
    if (event.type === 'backtest.position_closed') return [`closed by ${data.closure_reason}`];
    return [];
  });
}

/** Events as text without the part of ids that tells the candles by their hash. */
export function withoutHashes(events: readonly NewEvent[]): string[] {
  return events.map(({ type, options, data }) =>
    JSON.stringify([type, options?.occurredAt, data]).replaceAll(/@[0-9a-f]{8}/g, ''),
  );
}
