import { openEngine } from 'millrace';
import { SchemaMismatchError } from 'millrace/errors';
import {
  BacktestComparisonCompleted,
  BacktestCompleted,
  BacktestPositionClosed,
  BacktestStarted,
  backtestEvents,
} from 'millrace/trading';
import { describe, expect, test } from 'vitest';

const IDENTITY = { backtest_id: 'b-1', strategy_id: 's-1', symbol: 'TEST' };

/** One good payload of each event, with all required fields and no other. */
const PAYLOADS: Record<string, Record<string, unknown>> = {
  'backtest.started': { ...IDENTITY, start_date: 0, end_date: 1, initial_capital: 1, timeframe: '1d' },
  'backtest.data_loaded': {
    ...IDENTITY,
    data_points_count: 1,
    data_start_date: -1,
    data_end_date: 1,
    indicators_calculated: ['rsi'],
    data_load_duration_ms: 0.5,
  },
  'backtest.signal_generated': {
    ...IDENTITY,
    signal_timestamp: 1,
    signal_type: 'BUY',
    signal_price: 1,
    signal_strength: 1,
    signal_reason: '',
  },
  'backtest.trade_executed': {
    ...IDENTITY,
    trade_id: 't',
    trade_type: 'buy',
    execution_timestamp: 1,
    execution_price: 1,
    execution_quantity: 1,
    commission: 0,
    current_capital: 1,
    current_position: 1,
  },
  'backtest.position_opened': {
    ...IDENTITY,
    position_id: 'p',
    entry_timestamp: 1,
    entry_price: 1,
    position_size: 1,
    position_value: 1,
  },
  'backtest.position_closed': {
    ...IDENTITY,
    position_id: 'p',
    exit_timestamp: 1,
    exit_price: 1,
    position_size: 1,
    profit_loss: -1,
    profit_loss_percent: -1,
    holding_duration_seconds: 0,
  },
  'backtest.progress_updated': {
    ...IDENTITY,
    progress_percent: 100,
    current_date: 1,
    processed_points: 1,
    total_points: 1,
    estimated_remaining_seconds: 0,
  },
  'backtest.completed': {
    ...IDENTITY,
    execution_duration_seconds: 0,
    total_trades: 0,
    winning_trades: 0,
    losing_trades: 0,
    total_return: 0,
    annual_return: null,
    max_drawdown: 0,
    sharpe_ratio: null,
    win_rate: null,
    profit_factor: null,
    average_holding_time_hours: null,
    final_capital: 1,
  },
  'backtest.failed': { ...IDENTITY, failure_stage: 'data_loading', error_message: 'm', error_type: 't' },
  'backtest.stopped': { ...IDENTITY, stop_reason: 'r', progress_when_stopped: 0 },
  'backtest.result_saved': {
    backtest_id: 'b-1',
    strategy_id: 's-1',
    result_storage_id: 'r',
    storage_location: '',
    result_summary: {},
    save_timestamp: 1,
  },
  'backtest.comparison_completed': {
    comparison_id: 'c-1',
    backtest_ids: ['b-1'],
    strategy_ids: ['s-1'],
    comparison_metrics: {},
    best_performing_strategy: 's-1',
    comparison_summary: '',
  },
};

describe('the backtest events', () => {
  test('are twelve, with names and aliases that meet nowhere', () => {
    const names = backtestEvents.flatMap((type) => [type.type, ...type.aliases]);
    expect(backtestEvents.length).toBe(12);
    expect(new Set(names).size).toBe(names.length);
    expect(backtestEvents.map((type) => type.type).toSorted()).toEqual(Object.keys(PAYLOADS).toSorted());
    expect(backtestEvents.every((type) => type.version === 1)).toBe(true);
  });

  test('answer to the original names, where these differ', () => {
    const aliases = Object.fromEntries(backtestEvents.map((type) => [type.type, type.aliases]));
    expect(aliases).toEqual({
      'backtest.started': [],
      'backtest.data_loaded': ['backtest.data.loaded'],
      'backtest.signal_generated': ['backtest.signal.generated'],
      'backtest.trade_executed': ['backtest.trade.executed'],
      'backtest.position_opened': ['backtest.position.opened'],
      'backtest.position_closed': ['backtest.position.closed'],
      'backtest.progress_updated': ['backtest.progress.updated'],
      'backtest.completed': [],
      'backtest.failed': [],
      'backtest.stopped': [],
      'backtest.result_saved': ['backtest.result.saved'],
      'backtest.comparison_completed': ['backtest.comparison.completed'],
    });
  });

  test('every field that a wall clock or a machine decides is volatile', () => {
    const volatile = backtestEvents.flatMap((type) => type.volatile.map((field) => `${type.type} ${field}`));
    expect(volatile.toSorted()).toEqual([
      'backtest.completed execution_duration_seconds',
      'backtest.data_loaded data_load_duration_ms',
      'backtest.progress_updated estimated_remaining_seconds',
      'backtest.result_saved save_timestamp',
      'backtest.result_saved storage_location',
    ]);
  });

  test.each(
    backtestEvents.map((type) => [type.type, type] as const),
  )('%s: every required field is required', (name, type) => {
    const payload = PAYLOADS[name] as Record<string, unknown>;
    expect(type.schema.safeParse(payload).success).toBe(true);
    for (const field of Object.keys(payload)) {
      const { [field]: _, ...rest } = payload;
      expect(type.schema.safeParse(rest).success, `without ${field}`).toBe(false);
    }
    expect(type.schema.safeParse({ ...payload, unheard_of: 1 }).success, 'with an unknown field').toBe(false);
  });

  test('belong to their backtest, a comparison to itself', () => {
    const id = (type: { aggregateId: (data: never) => string; type: string }) =>
      type.aggregateId(PAYLOADS[type.type] as never);
    expect(backtestEvents.filter((type) => id(type) === 'b-1').length).toBe(11);
    expect(id(BacktestComparisonCompleted)).toBe('c-1');
    expect(backtestEvents.every((type) => type.partitionKey === undefined)).toBe(true);
  });

  test.each([
    ['a time as text', BacktestStarted, { start_date: '2020-01-01' }],
    ['a time with a fraction', BacktestStarted, { start_date: 0.5 }],
    ['no capital', BacktestStarted, { initial_capital: 0 }],
    ['an empty id', BacktestStarted, { backtest_id: '' }],
    ['an endless ratio', BacktestCompleted, { profit_factor: Number.POSITIVE_INFINITY }],
    ['a win rate in percent', BacktestCompleted, { win_rate: 55 }],
    ['half a trade', BacktestCompleted, { total_trades: 0.5 }],
    ['an unknown reason', BacktestPositionClosed, { closure_reason: 'mood' }],
  ])('%s is refused', (_, type, change) => {
    expect(type.schema.safeParse({ ...PAYLOADS[type.type], ...change }).success).toBe(false);
  });

  test('the mistakes of the original are caught when they are published', async () => {
    await using engine = await openEngine({ events: backtestEvents, threads: 0 });
    const { timeframe: _, ...untimed } = PAYLOADS['backtest.started'] as Record<string, unknown>;
    const wrong = { ...PAYLOADS['backtest.started'], settings: {} };
    await expect(engine.publish({ type: 'backtest.started', data: untimed })).rejects.toThrow(
      SchemaMismatchError,
    );
    await expect(engine.publish({ type: 'backtest.started', data: untimed })).rejects.toThrow(/'timeframe'/);
    await expect(engine.publish({ type: 'backtest.started', data: wrong })).rejects.toThrow(/settings/);
  });
});
